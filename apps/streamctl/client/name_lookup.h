#pragma once
/// A server's name that is looked up aside, for whoever has something else to do meanwhile. The
/// resolver can be neither polled nor ended: its thread is left to itself, at the latest by the end
/// of the program. Main thread.
#include <future>

#include "base/fd.h"
#include "streamctl/client/server_url.h"

namespace st::streamctl {

class NameLookup {
 public:
    /// Throws Failed if the system has no pipe, or no thread, for it.
    explicit NameLookup(const ServerUrl& server);

    /// Readable once it is over.
    int fd() const { return over_.get(); }
    bool is_over() const;
    /// Of the server that was asked about. Once, when it is over. Throws Failed 69.
    Poco::Net::SocketAddress take() { return found_.get(); }

 private:
    Fd over_;
    std::future<Poco::Net::SocketAddress> found_;
};

}  // namespace st::streamctl
