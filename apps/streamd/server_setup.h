#pragma once
/// The configuration in the server's own terms. Throws BadConfig (exit code 78) for what shows only
/// here: certificates and keys that cannot be used.
#include "server/server.h"
#include "streamd/config.h"

namespace st::streamd {

/// All that a reload can replace.
server::Options server_options(const Config& config);
/// Everything a server is made of, but for `configuration`.
server::Server::Setup server_setup(const Config& config);

/// `{"http":N,"rtmp":N,"https":N,"rtmps":N}`, without those that are not open.
std::string ports_json(const server::Ports& ports);

}  // namespace st::streamd
