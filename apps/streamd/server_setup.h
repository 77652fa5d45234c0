#pragma once
/// The configuration in the server's own terms. Throws BadConfig (exit code 78) for what shows only
/// here: certificates and keys that cannot be used.
#include <string>
#include <vector>

#include "api/authority_routes.h"
#include "loop/tls_context.h"
#include "server/server.h"
#include "streamd/config.h"

namespace st::streamd {

struct Certificates {
    loop::TlsContextPtr tls;           ///< null: none
    api::AuthorityPtr authority;       ///< of `tls.auto`, else null
    std::vector<std::string> notes{};  ///< for the log
};

/// Reads them; of `tls.auto` makes what is missing or no longer fits. Blocks.
Certificates certificates_of(const Config& config);
/// The same for the start, which what cannot be looked after (a full disk, an authority that cannot
/// be read) does not prevent while the certificate of before can be used. A note says so.
Certificates certificates_at_start(const Config& config);

/// All that a reload can replace.
server::Options server_options(const Config& config, const Certificates& certificates);
/// Everything a server is made of, but for `configuration`.
server::Server::Setup server_setup(const Config& config, const Certificates& certificates);

/// `{"http":N,"rtmp":N,"https":N,"rtmps":N}`, without those that are not open.
std::string ports_json(const server::Ports& ports);

}  // namespace st::streamd
