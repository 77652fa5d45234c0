#include "streamctl/client/server_url.h"

#include "base/units.h"

namespace st::streamctl {
namespace {

constexpr std::string_view kSocketScheme = "unix:";

Result<ServerUrl> parse_socket(std::string_view text) {
    ServerUrl url;
    url.text = text;
    url.socket = text.substr(kSocketScheme.size());
    if (url.socket.starts_with("//")) url.socket.erase(0, 2);
    if (url.socket.empty()) return Error{"server \"" + url.text + "\": no path after unix:"};
    return url;
}

/// "HOST[:PORT]" into `url`; the port stays as it is if none is written. Error: what is wrong.
Result<void> parse_authority(std::string_view text, ServerUrl& url) {
    std::string_view port;
    const bool has_brackets = !text.empty() && text.front() == '[';
    if (has_brackets) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) return Error{"a '[' without its ']'"};
        url.host = text.substr(1, close - 1);
        text.remove_prefix(close + 1);
        if (!text.empty() && text.front() != ':') return Error{"expected :PORT after the address"};
    } else {
        const std::size_t colon = std::min(text.find(':'), text.size());
        if (text.find(':') != text.rfind(':'))
            return Error{"write an IPv6 address in brackets, as in [::1]:50001"};
        url.host = text.substr(0, colon);
        text.remove_prefix(colon);
    }
    if (url.host.empty()) return Error{"no host"};
    if (text.empty()) return {};
    port = text.substr(1);
    if (port.empty()) return Error{"no port after the colon"};
    const auto number = parse_number(port, 65535);
    if (!number || *number == 0) return Error{"the port is not a number from 1 to 65535"};
    url.port = static_cast<std::uint16_t>(*number);
    return {};
}

}  // namespace

std::string ServerUrl::host_field() const {
    if (!socket.empty()) return "localhost";
    const bool is_v6 = host.find(':') != std::string::npos;
    return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ServerUrl> parse_server_url(std::string_view text) {
    if (text.starts_with(kSocketScheme)) return parse_socket(text);
    const auto wrong = [&](const std::string& why) {
        return Error{"server \"" + std::string(text) + "\": " + why};
    };
    ServerUrl url;
    url.text = text;
    std::string_view rest = text;
    const std::size_t scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) {
        url.text = "ws://" + url.text;
    } else {
        const std::string_view scheme = text.substr(0, scheme_end);
        url.is_tls = scheme == "wss" || scheme == "https";
        if (!url.is_tls && scheme != "ws" && scheme != "http") {
            return wrong("expected HOST, ws://, wss://, http://, https:// or unix:PATH");
        }
        rest.remove_prefix(scheme_end + 3);
    }
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    url.prefix = rest.substr(slash);
    while (url.prefix.ends_with('/')) url.prefix.pop_back();
    if (rest.find_first_of("?#@ \"\\") != std::string_view::npos) {
        return wrong("expected a host, a port and perhaps the path of a proxy");
    }
    if (!url.prefix.empty()) {
        url.port = url.is_tls ? 443 : 80;
    } else if (url.is_tls) {
        url.port = 8443;
    }
    if (auto read = parse_authority(rest.substr(0, slash), url); !read) {
        return wrong(read.error().message);
    }
    return url;
}

}  // namespace st::streamctl
