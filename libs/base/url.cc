#include "base/url.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace st {
namespace {

constexpr std::string_view kHidden = "***";

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

std::string without_user_passwords(std::string_view text) {
    constexpr std::string_view kScheme = "://";
    std::string out;
    for (;;) {
        const std::size_t scheme = text.find(kScheme);
        if (scheme == std::string_view::npos) return out.append(text);
        const std::size_t begin = scheme + kScheme.size();
        const std::string_view rest = text.substr(begin);
        const std::string_view authority = rest.substr(0, rest.find_first_of("/?# \t"));
        // The last one: people write passwords with @ in them.
        const std::size_t at = authority.rfind('@');
        const std::size_t colon = authority.substr(0, at).find(':');
        out.append(text.substr(0, begin));
        text.remove_prefix(begin);
        if (at == std::string_view::npos || colon == std::string_view::npos) continue;
        out.append(authority.substr(0, colon + 1)).append(kHidden);
        text.remove_prefix(at);
    }
}

/// "password", "access_token", "X-Amz-Signature", ...
bool names_a_secret(std::string_view name) {
    constexpr std::array kNames{"pass", "pwd", "key", "sign", "sig", "auth"};
    constexpr std::array kEndings{"token",  "password",  "passwd", "passphrase",
                                  "secret", "signature", "apikey", "_key"};
    const std::string small = lower(name);
    return std::find(kNames.begin(), kNames.end(), small) != kNames.end() ||
           std::any_of(kEndings.begin(), kEndings.end(),
                       [&small](const char* ending) { return small.ends_with(ending); });
}

std::string without_query_secrets(std::string_view text) {
    std::string out;
    for (;;) {
        const std::size_t mark = text.find_first_of("?&");
        if (mark == std::string_view::npos) return out.append(text);
        out.append(text.substr(0, mark + 1));
        text.remove_prefix(mark + 1);
        const std::size_t end = text.find_first_of("=?&# \t\"'");
        if (end == std::string_view::npos || text[end] != '=') continue;
        const std::string_view name = text.substr(0, end);
        if (!names_a_secret(name)) continue;
        out.append(name).append("=").append(kHidden);
        text.remove_prefix(end + 1);
        text.remove_prefix(std::min(text.find_first_of("&# \t\"'"), text.size()));
    }
}

/// RFC 9110, 11.6.2: "Authorization: Bearer xyz", as a command is given it for a header.
std::string without_authorization(std::string_view text) {
    constexpr std::string_view kField = "authorization:";
    const std::string small = lower(text);
    std::string out;
    for (std::size_t done = 0;;) {
        const std::size_t field = small.find(kField, done);
        if (field == std::string::npos) return out.append(text.substr(done));
        const std::size_t begin = field + kField.size();
        out.append(text.substr(done, begin - done)).append(" ").append(kHidden);
        done = std::min(text.find_first_of("\r\n\"'", begin), text.size());
    }
}

}  // namespace

std::string without_passwords(std::string_view text) {
    return without_authorization(without_query_secrets(without_user_passwords(text)));
}

}  // namespace st
