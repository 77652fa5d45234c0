#pragma once
/// A token as the first WebSocket message: {"token":"..."}. Pure.
#include <optional>
#include <string>

namespace st::httpd {

constexpr std::size_t kTokenMessageBytesMax = 4 * 1024;

/// nullopt: the message is something else.
std::optional<std::string> read_token_message(const std::string& text);

}  // namespace st::httpd
