#include "httpd/token_message.h"

#include "json/read.h"

namespace st::httpd {

std::optional<std::string> read_token_message(const std::string& text) {
    const auto value = json::read(text, {.bytes_max = kTokenMessageBytesMax});
    if (!value || value->object() == nullptr) return std::nullopt;
    const std::string* const token = (*value->object())["token"].text();
    return token != nullptr ? std::optional(*token) : std::nullopt;
}

}  // namespace st::httpd
