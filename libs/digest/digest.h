#pragma once
/// Digests by OpenSSL. Pure; any thread. MD5 and SHA-1 are here for protocols that prescribe them
/// (older signed URLs, the WebSocket handshake), not as safeguards.
#include <array>
#include <cstdint>
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

/// 64 hex digits of either case.
Result<Sha256> parse_sha256(std::string_view hex);

/// Equal, in a time that depends on the lengths alone.
bool equal_constant_time(Bytes a, Bytes b);

}  // namespace st::digest
