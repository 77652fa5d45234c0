#pragma once
/// A listening TCP socket on an event loop. Accepts without blocking, with CLOEXEC. A peer that
/// vanished without a word is noticed within two minutes where nothing is on its way to it.
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "loop/event_loop.h"

namespace st::loop {

/// One owner at a time hands it on: a Poco socket's copies share it, and copies on two threads are
/// two users.
using SocketPtr = std::shared_ptr<Poco::Net::StreamSocket>;

class Listener final : public Pollable {
 public:
    using OnAccept = std::function<void(SocketPtr)>;

    /// Binds and listens at once; "::" takes IPv4 as well, and alone where the kernel has no IPv6.
    /// Port 0: any free one.
    /// Throws Poco::Exception (port in use, no right, no such address). Never shares a port
    /// (no SO_REUSEPORT): a second instance must fail, not steal half of the connections.
    Listener(const std::string& address, std::uint16_t port);
    ~Listener() override;

    /// Starts accepting on `loop`; `on_accept` is called on its thread.
    void start(EventLoop& loop, OnAccept on_accept);
    /// Stops accepting and closes. The loop's thread.
    void stop();
    std::uint16_t port() const { return port_; }

 private:
    void on_ready(std::uint32_t events) override;
    void go_on_after(std::chrono::nanoseconds delay);

    Poco::Net::ServerSocket socket_;
    std::uint16_t port_;
    EventLoop* loop_ = nullptr;
    OnAccept on_accept_;
    TimerId retry_ = 0;
};

}  // namespace st::loop
