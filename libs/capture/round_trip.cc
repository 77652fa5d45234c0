#include "capture/round_trip.h"

#include <algorithm>
#include <utility>

namespace st::capture {
namespace {

using std::chrono::milliseconds;

/// After the first pictures, which may fill the connection, and early enough for a short recording.
constexpr std::chrono::milliseconds kFirst{250};
constexpr std::chrono::milliseconds kInterval{2000};
/// A ping that is unanswered for this long is given up, and the next one is sent.
constexpr std::chrono::nanoseconds kPatience = std::chrono::seconds(10);

}  // namespace

void RoundTrip::begin() {
    least_ns_.reset();
    awaited_.clear();
    ping_after(kFirst);
}

std::optional<std::int64_t> RoundTrip::end() {
    timers_.cancel(std::exchange(timer_, 0));
    awaited_.clear();
    return least_us();
}

std::optional<std::int64_t> RoundTrip::least_us() const {
    if (!least_ns_) return std::nullopt;
    return std::max<std::int64_t>(1, *least_ns_ / 1000);
}

std::optional<std::int64_t> RoundTrip::on_pong(std::string_view payload, std::int64_t now_ns) {
    if (awaited_.empty() || payload != awaited_) return std::nullopt;
    awaited_.clear();
    const std::int64_t took_ns = now_ns - sent_ns_;
    least_ns_ = std::min(least_ns_.value_or(took_ns), took_ns);
    return least_us();
}

void RoundTrip::ping_after(std::chrono::milliseconds wait) {
    timers_.cancel(timer_);
    timer_ = timers_.after(wait, [this] {
        timer_ = 0;
        const std::int64_t now_ns = timers_.clock_ns();
        if (awaited_.empty() || now_ns - sent_ns_ >= kPatience.count()) {
            awaited_ = "trip " + std::to_string(++pings_);
            sent_ns_ = now_ns;
            send_ping_(awaited_);
        }
        ping_after(kInterval);
    });
}

}  // namespace st::capture
