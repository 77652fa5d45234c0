#pragma once
/// The two codings the handshake needs: SHA-1 (FIPS 180-4; here a checksum against confused
/// proxies, not a safeguard) and base64 (RFC 4648 section 4). Pure; any thread.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace st::ws {

using Sha1 = std::array<std::uint8_t, 20>;

Sha1 sha1(Bytes bytes);

std::string base64_encode(Bytes bytes);
/// With its padding, nothing else around it; nullopt if it is not base64.
std::optional<std::vector<std::uint8_t>> base64_decode(std::string_view text);

}  // namespace st::ws
