#include "base/url.h"

namespace st {

std::string without_passwords(std::string_view text) {
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
        out.append(authority.substr(0, colon + 1)).append("***");
        text.remove_prefix(at);
    }
}

}  // namespace st
