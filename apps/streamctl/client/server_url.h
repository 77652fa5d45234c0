#pragma once
/// -s URL: where the server is.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "loop/tls_context.h"

namespace st::streamctl {

struct ServerUrl {
    std::string host = "127.0.0.1";  ///< IPv6 without brackets
    std::uint16_t port = 50001;
    bool is_tls = false;
    std::string text;         ///< as given, for messages
    loop::TlsContextPtr tls;  ///< whom to believe; set by find_server() if is_tls

    /// For a Host field: "127.0.0.1:50001", "[::1]:50001".
    std::string host_field() const;
};

/// ws://HOST[:PORT], wss:// with TLS, or http:// and https:// for the same; the port is 50001, with
/// TLS 8443, if none is given.
Result<ServerUrl> parse_server_url(std::string_view text);

}  // namespace st::streamctl
