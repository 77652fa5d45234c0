#pragma once
/// A listening TCP socket on an event loop. Accepts without blocking, with CLOEXEC. A peer that
/// vanished without a word is noticed within two minutes where nothing is on its way to it.
#include <Poco/Net/ServerSocket.h>

#include <cstdint>
#include <string>

#include "loop/acceptor.h"

namespace st::loop {

class Listener final {
 public:
    using OnAccept = Acceptor::OnAccept;

    /// Binds and listens at once; "::" takes IPv4 as well, and alone where the kernel has no IPv6.
    /// Port 0: any free one.
    /// Throws Poco::Exception (port in use, no right, no such address). Never shares a port
    /// (no SO_REUSEPORT): a second instance must fail, not steal half of the connections.
    Listener(const std::string& address, std::uint16_t port);
    ~Listener();

    /// Starts accepting on `loop`; both functions are called on its thread.
    void start(EventLoop& loop, OnAccept on_accept, OnAcceptTrouble on_trouble = {});
    /// Stops accepting and closes. The loop's thread.
    void stop();
    std::uint16_t port() const { return port_; }

 private:
    Poco::Net::ServerSocket socket_;
    std::uint16_t port_;
    Acceptor acceptor_;
};

}  // namespace st::loop
