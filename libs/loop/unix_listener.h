#pragma once
/// A listening Unix stream socket on an event loop: the file's permissions say who may connect.
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/own_path.h"
#include "loop/acceptor.h"

namespace st::loop {

/// Who is at the other end, as the kernel says.
struct PeerCredentials {
    uid_t uid = 0;
    gid_t gid = 0;
    pid_t pid = 0;
};

class UnixListener final {
 public:
    using OnAccept = std::function<void(SocketPtr, const PeerCredentials&)>;

    /// Listens at `path` with these permissions from the first moment. A socket that nobody listens
    /// on any more is replaced. Throws std::system_error: address_in_use if somebody does, or if
    /// something other than a socket lies there.
    UnixListener(std::string path, mode_t mode);
    /// Removes the file, unless another has taken its place.
    ~UnixListener();

    void start(EventLoop& loop, const OnAccept& on_accept, OnAcceptTrouble on_trouble);
    /// Stops accepting and closes. The loop's thread.
    void stop();
    const std::string& path() const { return path_; }

 private:
    const std::string path_;
    Fd fd_;
    std::optional<OwnPath> place_;
    Acceptor acceptor_;
};

}  // namespace st::loop
