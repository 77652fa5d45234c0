#pragma once
/// SHA-256, FIPS 180-4. For stored tokens; pure, any thread.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace st::auth {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(Bytes bytes);

/// 64 lower-case hex digits.
std::string to_hex(const Sha256& digest);
/// 64 hex digits of either case.
Result<Sha256> parse_sha256(std::string_view hex);

/// Equal, in a time that does not tell where they differ.
bool equal_constant_time(const Sha256& a, const Sha256& b);

}  // namespace st::auth
