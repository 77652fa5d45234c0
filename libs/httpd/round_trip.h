#pragma once
/// The least time that a message takes to a peer and back, by pings (RFC 6455 5.5.2) while it is
/// asked for. Lives on the peer's network loop.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "loop/event_loop.h"

namespace st::httpd {

class WebSocket;

class RoundTrip {
 public:
    /// Both outlive this.
    RoundTrip(loop::EventLoop& loop, WebSocket& socket) : loop_(loop), socket_(socket) {}
    RoundTrip(const RoundTrip&) = delete;
    RoundTrip& operator=(const RoundTrip&) = delete;
    ~RoundTrip() { loop_.cancel(timer_); }

    /// Measures from now on; what was measured before is forgotten.
    void begin();
    /// Measures no more. Microseconds; nullopt: no ping was answered.
    std::optional<std::int64_t> end();
    /// `now_ns`: CLOCK_MONOTONIC when it came in.
    void on_pong(std::string_view payload, std::int64_t now_ns);

 private:
    void ping_after(std::chrono::milliseconds wait);

    loop::EventLoop& loop_;
    WebSocket& socket_;
    loop::TimerId timer_ = 0;
    std::uint64_t pings_ = 0;
    std::string awaited_;  ///< the payload of the ping that is out; "" = none is
    std::int64_t sent_ns_ = 0;
    std::optional<std::int64_t> least_ns_;
};

}  // namespace st::httpd
