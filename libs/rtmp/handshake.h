#pragma once
/// The handshake before the chunks, server's side. Pure; one thread. Spec: Adobe RTMP 1.0,
/// section 5.2.
///
///     C0  u8 version 3          S0  u8 version 3
///     C1  1536 bytes            S1  u32 time 0, u32 0, 1528 bytes of noise
///     C2  1536 bytes            S2  C1 as it came
///
/// Zeros as the version in S1 say "no digest": clients that offered one (ffmpeg does, Flash did)
/// then go on without. What C2 holds is not looked at: some clients send anything.
#include <array>
#include <cstdint>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"

namespace st::rtmp {

class Handshake {
 public:
    static constexpr std::size_t kPartBytes = 1536;

    /// `seed`: of the noise, which nobody relies on.
    explicit Handshake(std::uint64_t seed) : seed_(seed) {}

    /// Takes from the front of `bytes` what belongs to the handshake, which may be less than all of
    /// it: C2 and the first chunks often come together. Appends S0, S1 and S2 to `out` when C1 is
    /// whole. An Error is final: another protocol, or RTMPE, which is not offered.
    Result<void> feed(Bytes& bytes, Buffer& out);

    bool is_done() const { return received_ == 1 + 2 * kPartBytes; }

 private:
    void answer(Buffer& out);

    std::uint64_t seed_;
    std::size_t received_ = 0;
    std::array<std::uint8_t, kPartBytes> client_{};  ///< C1
};

}  // namespace st::rtmp
