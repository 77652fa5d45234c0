#include "control/page_url.h"

#include <algorithm>
#include <string_view>

namespace st::control {
namespace {

bool is_loopback(std::string_view authority) {
    return authority.starts_with("127.") || authority.starts_with("[::1]") ||
           authority.starts_with("localhost");
}

}  // namespace

std::string page_base(std::span<const std::string> camera_urls, bool needs_tls) {
    std::string found;
    bool is_found_loopback = true;
    for (const std::string_view scheme : {"wss://", "ws://"}) {
        if (!found.empty() || (needs_tls && scheme == "ws://")) break;
        for (const std::string& url : camera_urls) {
            if (!url.starts_with(scheme)) continue;
            std::string authority = url.substr(scheme.size());
            authority.resize(std::min(authority.find('/'), authority.size()));
            if (!found.empty() && (!is_found_loopback || is_loopback(authority))) continue;
            is_found_loopback = is_loopback(authority);
            found = (scheme == "wss://" ? "https://" : "http://") + authority + "/";
        }
    }
    return found;
}

}  // namespace st::control
