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

/// `{"http":N,"https":N}`: the first port of each kind, of those that are open. `ports`: in the
/// order of `listen`.
std::string ports_json(const std::vector<server::ListenAddress>& listen,
                       const std::vector<std::uint16_t>& ports);

}  // namespace st::streamd
