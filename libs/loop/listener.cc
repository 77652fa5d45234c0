#include "loop/listener.h"

#include <Poco/Net/SocketAddress.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace st::loop {
namespace {

constexpr int kBacklog = 4096;

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

void Listener::start(EventLoop& loop, Acceptor::OnAccept on_accept, OnAcceptTrouble on_trouble) {
    acceptor_.start(loop, socket_.impl()->sockfd(), std::move(on_accept), std::move(on_trouble));
}

void Listener::stop() {
    acceptor_.stop();
    socket_.close();
}

}  // namespace st::loop
