#pragma once
/// Digests by OpenSSL. Pure; any thread. MD5 and SHA-1 are here for protocols that prescribe them
/// (older signed URLs, the WebSocket handshake), not as safeguards.
#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace st::digest {

using Md5 = std::array<std::uint8_t, 16>;
using Sha1 = std::array<std::uint8_t, 20>;
using Sha256 = std::array<std::uint8_t, 32>;

// Each throws std::runtime_error if the library refuses, as in a mode that forbids the digest.
Md5 md5(Bytes bytes);
Sha1 sha1(Bytes bytes);
Sha256 sha256(Bytes bytes);
Sha256 hmac_sha256(std::string_view key, Bytes bytes);

/// Of bytes that come one after another.
class Sha256Stream {
 public:
    Sha256Stream();
    ~Sha256Stream();
    Sha256Stream(const Sha256Stream&) = delete;
    Sha256Stream& operator=(const Sha256Stream&) = delete;
    void add(Bytes bytes);
    /// Once, at the end.
    Sha256 finish();

 private:
    struct State;
    std::unique_ptr<State> state_;
};

/// 64 hex digits of either case.
Result<Sha256> parse_sha256(std::string_view hex);

/// Equal, in a time that depends on the lengths alone.
bool equal_constant_time(Bytes a, Bytes b);

}  // namespace st::digest
