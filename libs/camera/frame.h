#pragma once
/// Camera frames: bytes <-> Frame. Pure: no sockets, files, clocks, logs or threads in here.
/// Spec: docs/camera.md, "Binary messages". Integers are big-endian.
///
///      0  u64  timestamp_ms   camera sensor clock: boot-based, not wall time, not from zero;
///                            microseconds if its capabilities say so (TimeUnit)
///      8  u32  seq            0 at every capture start, +1 per message, wraps at 2^32
///     12  u32  payload_bytes  0 is legal
///     16  ...  payload        H.264 Annex B, one encoder output buffer, start codes included
#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace st::camera {

constexpr std::size_t kHeaderBytes = 16;
/// Default of limits.frame_bytes, and the most a dump's record may carry after the header.
constexpr std::size_t kPayloadBytesMax = std::size_t{16} << 20;

/// What a camera's timestamps count.
enum class TimeUnit : std::uint8_t { ms, us };

/// Modulo 2^64, as the clocks are: differences stay right.
constexpr std::uint64_t to_us(std::uint64_t timestamp, TimeUnit unit) {
    return unit == TimeUnit::us ? timestamp : timestamp * 1000;
}
constexpr std::uint64_t to_ms(std::uint64_t timestamp, TimeUnit unit) {
    return unit == TimeUnit::us ? timestamp / 1000 : timestamp;
}

struct Frame {
    std::uint64_t timestamp_ms = 0;  ///< in the camera's unit
    std::uint32_t seq = 0;
    Bytes payload;  ///< borrowed from whoever produced the Frame; see there for how long
};

/// Decodes one whole binary message; the payload points into `message`.
/// Error if it is under 16 bytes or payload_bytes != size - 16. Recoverable: drop this frame only.
Result<Frame> decode_frame(Bytes message);

/// The 16 bytes that go before `frame.payload`.
std::array<std::uint8_t, kHeaderBytes> encode_header(const Frame& frame);

/// One message found in a plain dump. The payload may be changed in place.
struct DumpedFrame {
    std::uint64_t offset = 0;  ///< of the message's first header byte in the dump
    std::uint64_t timestamp_ms = 0;
    std::uint32_t seq = 0;
    std::span<std::uint8_t> payload;  ///< valid until its reader's next call of next() or space()
};

}  // namespace st::camera
