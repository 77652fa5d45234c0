#include "streamctl/client/server_url.h"

#include "base/units.h"

namespace st::streamctl {

std::string ServerUrl::host_field() const {
    const bool is_v6 = host.find(':') != std::string::npos;
    return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ServerUrl> parse_server_url(std::string_view text) {
    const auto wrong = [&](const char* why) {
        return Error{"server \"" + std::string(text) + "\": " + why};
    };
    ServerUrl url;
    url.text = text;
    std::string_view rest = text;
    const std::size_t scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) return wrong("expected ws://HOST:PORT");
    const std::string_view scheme = text.substr(0, scheme_end);
    url.is_tls = scheme == "wss" || scheme == "https";
    if (!url.is_tls && scheme != "ws" && scheme != "http") {
        return wrong("expected ws://, wss://, http:// or https://");
    }
    if (url.is_tls) url.port = 8443;
    rest.remove_prefix(scheme_end + 3);
    if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
    if (rest.find_first_of("/?#@ ") != std::string_view::npos) {
        return wrong("expected only a host and a port");
    }
    std::string_view port;
    if (!rest.empty() && rest.front() == '[') {
        const std::size_t close = rest.find(']');
        if (close == std::string_view::npos) return wrong("a '[' without its ']'");
        url.host = rest.substr(1, close - 1);
        rest.remove_prefix(close + 1);
        if (!rest.empty() && rest.front() != ':') return wrong("expected :PORT after the address");
        port = rest.empty() ? rest : rest.substr(1);
    } else {
        const std::size_t colon = rest.find(':');
        url.host = rest.substr(0, colon);
        if (colon != std::string_view::npos) {
            port = rest.substr(colon + 1);
            if (port.empty()) return wrong("no port after the colon");
        }
    }
    if (url.host.empty()) return wrong("no host");
    if (!port.empty()) {
        const auto number = parse_number(port, 65535);
        if (!number || *number == 0) return wrong("the port is not a number from 1 to 65535");
        url.port = static_cast<std::uint16_t>(*number);
    }
    return url;
}

}  // namespace st::streamctl
