#pragma once
/// -s URL: where the server is.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace st::streamctl {

struct ServerUrl {
    std::string host = "127.0.0.1";  ///< IPv6 without brackets
    std::uint16_t port = 50001;
    std::string text;  ///< as given, for messages

    /// For a Host field: "127.0.0.1:50001", "[::1]:50001".
    std::string host_field() const;
};

/// ws://HOST[:PORT] or http://HOST[:PORT]; the port is 50001 if none is given.
Result<ServerUrl> parse_server_url(std::string_view text);

}  // namespace st::streamctl
