#pragma once
/// The least time that a message takes to a peer and back, by pings (RFC 6455 5.5.2) while it is
/// asked for. Lives on the peer's network loop.
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "loop/timers.h"

namespace st::capture {

class RoundTrip {
 public:
    using SendPing = std::function<void(std::string_view payload)>;

    /// `timers` outlives this.
    RoundTrip(loop::Timers& timers, SendPing send_ping)
        : timers_(timers), send_ping_(std::move(send_ping)) {}
    RoundTrip(const RoundTrip&) = delete;
    RoundTrip& operator=(const RoundTrip&) = delete;
    ~RoundTrip() { timers_.cancel(timer_); }

    /// Measures from now on; what was measured before is forgotten.
    void begin();
    /// Measures no more. Microseconds; nullopt: no ping was answered.
    std::optional<std::int64_t> end();
    /// `now_ns`: CLOCK_MONOTONIC when it came in. The least so far, as end(), if this was an
    /// answer.
    std::optional<std::int64_t> on_pong(std::string_view payload, std::int64_t now_ns);

 private:
    std::optional<std::int64_t> least_us() const;
    void ping_after(std::chrono::milliseconds wait);

    loop::Timers& timers_;
    const SendPing send_ping_;
    loop::TimerId timer_ = 0;
    std::uint64_t pings_ = 0;
    std::string awaited_;  ///< the payload of the ping that is out; "" = none is
    std::int64_t sent_ns_ = 0;
    std::optional<std::int64_t> least_ns_;
};

}  // namespace st::capture
