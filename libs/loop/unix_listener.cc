#include "loop/unix_listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/control_files.h"

namespace st::loop {
namespace {

constexpr int kBacklog = 128;

[[noreturn]] void fail(int error, const std::string& path) {
    throw std::system_error(error, std::generic_category(), path);
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() > kSocketPathMax) fail(ENAMETOOLONG, path);
    std::copy(path.begin(), path.end(), std::begin(address.sun_path));
    return address;
}

Fd new_socket(const std::string& path) {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) fail(errno, path);
    return fd;
}

/// Throws if what lies at `path` is in use, or is no socket.
void check_place(const std::string& path) {
    struct stat there {};
    if (::lstat(path.c_str(), &there) != 0) return;
    if (!S_ISSOCK(there.st_mode)) fail(EADDRINUSE, path + " is not a socket");
    const sockaddr_un address = address_of(path);
    const Fd probe = new_socket(path);
    // EAGAIN: its backlog is full, which is in use as well.
    const int result =
        ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    if (result == 0 || errno == EAGAIN) fail(EADDRINUSE, path);
}

}  // namespace

UnixListener::UnixListener(std::string path, mode_t mode) : path_(std::move(path)) {
    address_of(path_);
    check_place(path_);
    // Under a name of its own until nobody can come in by wider permissions.
    const std::string made = path_ + "." + std::to_string(::getpid() % 100'000);
    const sockaddr_un address = address_of(made);
    fd_ = new_socket(path_);
    ::unlink(made.c_str());
    if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        fail(errno, path_);
    }
    OwnPath place(made);
    if (::chmod(made.c_str(), mode) != 0 || ::listen(fd_.get(), kBacklog) != 0 ||
        ::rename(made.c_str(), path_.c_str()) != 0) {
        fail(errno, path_);
    }
    place.moved_to(path_);
    place_ = std::move(place);
}

UnixListener::~UnixListener() { stop(); }

void UnixListener::start(EventLoop& loop, const OnAccept& on_accept, OnAcceptTrouble on_trouble) {
    const auto take = [on_accept](SocketPtr socket) {
        ucred peer{};
        socklen_t size = sizeof peer;
        const int fd = socket->impl()->sockfd();
        if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
        on_accept(std::move(socket), {peer.uid, peer.gid, peer.pid});
    };
    acceptor_.start(loop, fd_.get(), take, std::move(on_trouble));
}

void UnixListener::stop() {
    acceptor_.stop();
    if (!fd_) return;
    fd_.reset();
    place_.reset();
}

}  // namespace st::loop
