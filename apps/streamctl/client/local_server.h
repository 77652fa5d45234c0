#pragma once
/// A server of this machine, found without being told where it is. docs/operations.md.
#include <string>

#include "streamctl/client/server_url.h"

namespace st::streamctl {

/// The control socket of a server on the default port or of the system's service that somebody
/// listens on and this user may open; else ws://127.0.0.1:50001.
ServerUrl local_server();

/// Whether what is sent there stays on this machine: a socket, loopback, one of its own addresses.
bool is_of_this_machine(const ServerUrl& server);

/// The local token of a server on this machine, "" if `server` is elsewhere or this user may not
/// read it. By TCP alone: the socket needs none.
std::string local_token(const ServerUrl& server);

}  // namespace st::streamctl
