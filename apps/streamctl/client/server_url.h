#pragma once
/// -s URL: where the server is.
#include <Poco/Net/SocketAddress.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "loop/tls_context.h"

namespace st::streamctl {

struct ServerUrl {
    std::string socket;              ///< path of a control socket; empty: by TCP, as follows
    std::string host = "127.0.0.1";  ///< IPv6 without brackets
    std::uint16_t port = 50001;
    std::string prefix;  ///< "/cams" before every path, behind a proxy; no slash at its end
    bool is_tls = false;
    std::string text = "ws://127.0.0.1:50001";  ///< for messages
    /// What the host's name stands for, once it was looked up.
    std::optional<Poco::Net::SocketAddress> address;
    loop::TlsContextPtr tls;  ///< whom to believe; set by find_server() if is_tls

    /// For a Host field: "127.0.0.1:50001", "[::1]:50001".
    std::string host_field() const;
};

/// HOST, HOST:PORT, ws://HOST[:PORT][/PREFIX], wss:// with TLS, http:// and https:// for the same,
/// or unix:PATH. The port is 50001, with TLS 8443, if none is given; with a prefix 80 and 443.
Result<ServerUrl> parse_server_url(std::string_view text);

}  // namespace st::streamctl
