#include "loop/listener.h"

#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

namespace st::loop {
namespace {

constexpr int kBacklog = 4096;
/// In one turn, before the connections that are there get theirs.
constexpr int kAcceptsPerTurn = 64;
/// Out of descriptors or memory: the backlog keeps the peers while we wait for some to be freed.
constexpr std::chrono::milliseconds kRetryAfter{100};

/// "::" means both families: on a kernel that has one only, that one.
std::string available(const std::string& address) {
    if (address != "::") return address;
    const Fd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return !probe && errno == EAFNOSUPPORT ? "0.0.0.0" : address;
}

/// tcp(7): the kernel asks a silent peer after 60 s, and ends the connection when three answers in
/// a row did not come. What it accepts has these as well.
void watch_for_the_vanished(Poco::Net::ServerSocket& socket) {
    socket.setKeepAlive(true);
    socket.setOption(IPPROTO_TCP, TCP_KEEPIDLE, 60);
    socket.setOption(IPPROTO_TCP, TCP_KEEPINTVL, 15);
    socket.setOption(IPPROTO_TCP, TCP_KEEPCNT, 3);
}

}  // namespace

Listener::Listener(const std::string& address, std::uint16_t port) {
    const Poco::Net::SocketAddress at(available(address), port);
    constexpr bool kReuseAddress = true;
    constexpr bool kReusePort = false;
    if (at.family() == Poco::Net::AddressFamily::IPv6) {
        socket_.bind6(at, kReuseAddress, kReusePort, /*ipV6Only=*/false);
    } else {
        socket_.bind(at, kReuseAddress, kReusePort);
    }
    watch_for_the_vanished(socket_);
    socket_.listen(kBacklog);
    socket_.setBlocking(false);
    port_ = socket_.address().port();
}

Listener::~Listener() { stop(); }

void Listener::start(EventLoop& loop, OnAccept on_accept) {
    loop_ = &loop;
    on_accept_ = std::move(on_accept);
    loop_->add(socket_.impl()->sockfd(), *this, EPOLLIN);
}

void Listener::stop() {
    if (loop_ == nullptr) return;
    loop_->cancel(retry_);
    loop_->remove(socket_.impl()->sockfd(), *this);
    loop_ = nullptr;
    socket_.close();
}

void Listener::on_ready(std::uint32_t) {
    for (int accepted = 0; loop_ != nullptr; ++accepted) {
        if (accepted == kAcceptsPerTurn) return go_on_after({});
        const int fd =
            ::accept4(socket_.impl()->sockfd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            on_accept_(
                std::make_shared<Poco::Net::StreamSocket>(new Poco::Net::StreamSocketImpl(fd)));
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return;
        return go_on_after(kRetryAfter);
    }
}

void Listener::go_on_after(std::chrono::nanoseconds delay) {
    loop_->cancel(retry_);  // every new peer is an edge: one timer is enough for all of them
    retry_ = loop_->after(delay, [this] { on_ready(EPOLLIN); });
}

}  // namespace st::loop
