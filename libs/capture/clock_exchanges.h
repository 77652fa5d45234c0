#pragma once
/// Asks a camera for its clock and keeps what its answers tell: the server's side of the two-way
/// exchange. Lives on the camera's network loop. Spec: docs/camera.md, "The finer clock".
///
/// The answers are a peer's words. One that belongs to no question of the last kPatience, comes a
/// second time or cannot be true is counted and has no effect.
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "camera/message.h"
#include "clock/exchange.h"
#include "loop/timers.h"

namespace st::capture {

class ClockExchanges {
 public:
    using Send = std::function<void(std::uint32_t id)>;

    /// `timers` outlives this.
    ClockExchanges(loop::Timers& timers, Send send) : timers_(timers), send_(std::move(send)) {}
    ClockExchanges(const ClockExchanges&) = delete;
    ClockExchanges& operator=(const ClockExchanges&) = delete;
    ~ClockExchanges() { timers_.cancel(timer_); }

    /// Asks kAtFirst times at once, if the camera said that it answers, then from time to time, and
    /// then again while answers were slow, so that there is a good one; else no more. Another
    /// clock than before begins anew, the same one goes on.
    void begin(const camera::ClockAbilities& abilities);
    void stop();
    /// Asks more often while the camera sends pictures.
    void set_streaming(bool is_streaming);

    /// The exchange that is complete with this answer; nullopt: it is ignored. `now_ns`:
    /// CLOCK_MONOTONIC when it came in.
    std::optional<clock::Exchange> on_reply(const camera::ClockReply& reply, std::int64_t now_ns);

    const clock::ExchangeClock& clock() const { return clock_; }
    /// Those of the last minute, in order: what a recording needs that begins now.
    const std::vector<clock::Exchange>& recent() const { return recent_; }
    std::uint64_t ignored() const { return ignored_; }
    /// The first answer may come any moment.
    bool awaits_first() const { return is_on_ && clock_.exchanges() == 0 && asked_ <= kAtFirst; }
    /// The camera's time, in its unit and not before `server_ns` of CLOCK_MONOTONIC; nullopt: its
    /// clock is not known, or is nowhere near.
    std::optional<std::uint64_t> device_time(std::int64_t server_ns) const;

    static constexpr unsigned kAtFirst = 8;
    static constexpr std::chrono::milliseconds kFirstInterval{100};
    static constexpr std::chrono::seconds kIdleInterval{10};
    static constexpr std::chrono::seconds kStreamingInterval{2};
    static constexpr std::chrono::seconds kPatience{10};
    /// A round trip that is so much longer than the least one is slow. Only a good one shows, soon
    /// and to less than a millisecond, that the clock has not been set.
    static constexpr std::chrono::microseconds kSlow{500};
    static constexpr std::size_t kUnansweredMax = 16;

 private:
    void ask();
    void ask_again_if_slow(const clock::Exchange& exchange);
    void ask_after(std::chrono::nanoseconds wait);
    std::chrono::nanoseconds interval() const;

    loop::Timers& timers_;
    const Send send_;
    camera::ClockAbilities abilities_;
    bool is_on_ = false;
    bool is_streaming_ = false;
    loop::TimerId timer_ = 0;
    std::uint32_t next_id_ = 1;
    unsigned asked_ = 0;                                ///< counts to kAtFirst and one more
    unsigned tries_ = 0;                                ///< since the last interval
    std::map<std::uint32_t, std::int64_t> unanswered_;  ///< id -> when it was sent, ns
    clock::ExchangeClock clock_;
    std::vector<clock::Exchange> recent_;
    std::uint64_t ignored_ = 0;
};

}  // namespace st::capture
