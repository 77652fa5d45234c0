#pragma once
/// The control socket and the local token: what makes a program of this machine "local".
#include <string>
#include <vector>

#include "base/log.h"
#include "base/own_path.h"
#include "digest/digest.h"
#include "server/server.h"

namespace st::streamd {

class LocalAccess {
 public:
    /// Makes a new token; nothing is on disk yet. Throws std::runtime_error.
    LocalAccess();
    LocalAccess(const LocalAccess&) = delete;
    LocalAccess& operator=(const LocalAccess&) = delete;
    digest::Sha256 token_digest() const;

    /// Once the ports are known: opens the socket at `path`, "" for the default place, and writes
    /// the token beside it. Throws std::runtime_error with a text for the user if a path was given
    /// and cannot be used; a default place that cannot be is a warning.
    void open(server::Server& server, const std::string& path, const Log& log);

 private:
    void publish(server::Server& server, const std::string& path, const Log& log);

    std::string token_;
    std::vector<OwnPath> written_;  ///< removed with this; the server removes its socket
};

}  // namespace st::streamd
