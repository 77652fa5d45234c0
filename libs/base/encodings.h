#pragma once
/// Bytes as text: hex digits, base64 (RFC 4648, section 4) and percent escapes (RFC 3986). Pure;
/// any thread.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace st {

/// The value of a hex digit of either case; -1 of any other character.
int hex_value(char c);
/// Lower-case digits.
std::string hex_encode(Bytes bytes);
/// Capital digits with a colon between the bytes, as fingerprints are written: "AB:0C".
std::string colon_hex(Bytes bytes);
std::optional<std::vector<std::uint8_t>> hex_decode(std::string_view text);

std::string base64_encode(Bytes bytes);
/// With its padding, nothing else around it; nullopt if it is not base64.
std::optional<std::vector<std::uint8_t>> base64_decode(std::string_view text);

/// Everything but letters, digits and "-._~" is escaped.
std::string percent_encode(std::string_view text);
/// The byte that `text` has an escape for at its front, such as "%2f"; nullopt: it begins
/// otherwise.
std::optional<char> percent_escaped(std::string_view text);
constexpr std::size_t kPercentEscapeBytes = 3;
/// Any bytes may come out. nullopt: a '%' without two hex digits.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace st
