#include "base/secret_names.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace st::secrets {

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    return out;
}

bool is_name_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
}

std::size_t end_or(std::size_t found, std::string_view text) {
    return found == kNone ? text.size() : found;
}

bool is_telling_name(std::string_view name) {
    constexpr std::array kNames{"pwd",  "pw",  "psw", "key", "sign", "sig",
                                "auth", "psk", "jwt", "pin", "hash"};
    constexpr std::array kParts{"passw",  "passphrase", "passcode", "pincode",
                                "secret", "credential", "signature"};
    constexpr std::array kEndings{"token",     "pass",       "pas",     "pwd",    "apikey",
                                  "streamkey", "accesskey",  "authkey", "_key",   "-key",
                                  "sessionid", "session_id", "bearer",  "cookie", "cookies",
                                  "-pw",       "_pw"};
    const std::string small = lower(name);
    const auto is_it = [&small](const char* one) { return small == one; };
    const auto is_in = [&small](const char* one) { return small.find(one) != kNone; };
    const auto ends = [&small](const char* one) { return small.ends_with(one); };
    return std::ranges::any_of(kNames, is_it) || std::ranges::any_of(kParts, is_in) ||
           std::ranges::any_of(kEndings, ends);
}

std::optional<Span> user_password(std::string_view word) {
    const std::size_t colon = word.find(':');
    if (colon == kNone || word.substr(colon).starts_with(kScheme)) return std::nullopt;
    return Span{colon + 1, word.size()};
}

}  // namespace st::secrets
