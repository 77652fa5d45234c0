#pragma once
/// Takes connections from a listening socket, on an event loop. The loop's thread only.
#include <Poco/Net/StreamSocket.h>

#include <functional>
#include <memory>
#include <string>

#include "loop/event_loop.h"

namespace st::loop {

/// One owner at a time hands it on: a Poco socket's copies share it, and copies on two threads are
/// two users.
using SocketPtr = std::shared_ptr<Poco::Net::StreamSocket>;
/// Told why connections cannot be accepted: at once, then every 10 s while it lasts.
using OnAcceptTrouble = std::function<void(const std::string&)>;

class Acceptor final : public Pollable {
 public:
    using OnAccept = std::function<void(SocketPtr)>;

    ~Acceptor() override { stop(); }

    /// `fd`: listening and non-blocking, open until stop(). What is accepted has CLOEXEC.
    void start(EventLoop& loop, int fd, OnAccept on_accept, OnAcceptTrouble on_trouble);
    /// Idempotent.
    void stop();

 private:
    void on_ready(std::uint32_t events) override;
    void go_on_after(std::chrono::nanoseconds delay);
    void wait_for_room(int error);

    EventLoop* loop_ = nullptr;
    int fd_ = -1;
    OnAccept on_accept_;
    OnAcceptTrouble on_trouble_;
    TimerId retry_ = 0;
    std::int64_t told_ns_ = 0;  ///< when on_trouble_ was called last; 0: never
};

}  // namespace st::loop
