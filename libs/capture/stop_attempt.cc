#include "capture/stop_attempt.h"

#include <utility>

namespace st::capture {
namespace {

/// For so many times the timeout a camera that sends the rest may go on taking pictures.
constexpr int kTimeoutsAwaited = 3;

}  // namespace

void StopAttempt::begin(std::chrono::nanoseconds timeout) {
    timeout_ = timeout;
    sent_ns_ = timers_.clock_ns();
    wait(timeout);
}

void StopAttempt::cancel() { timers_.cancel(std::exchange(timer_, 0)); }

void StopAttempt::wait(std::chrono::nanoseconds patience) {
    cancel();
    timer_ = timers_.after(patience, [this] {
        timer_ = 0;
        on_timer();
    });
}

void StopAttempt::on_timer() {
    const Delay delay = delay_();
    if (delay == Delay::unread) return wait(timeout_);
    const std::chrono::nanoseconds silent(timers_.clock_ns() - last_frame_.arrival_ns);
    if (delay == Delay::the_rest && silent < timeout_ && sends_the_rest()) {
        return wait(timeout_ - silent);
    }
    on_timeout_();
}

/// Its network may be slow. A camera that still takes pictures, by its clock, has not heard the
/// stop.
bool StopAttempt::sends_the_rest() const {
    const std::chrono::nanoseconds waited(timers_.clock_ns() - sent_ns_);
    return waited < kTimeoutsAwaited * timeout_ || !clock_.device_time(last_frame_.arrival_ns) ||
           clock_.is_late(last_frame_.timestamp, last_frame_.arrival_ns);
}

}  // namespace st::capture
