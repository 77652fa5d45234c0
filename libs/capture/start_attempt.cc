#include "capture/start_attempt.h"

#include <utility>

namespace st::capture {

StartAttempt::~StartAttempt() {
    timers_.cancel(timer_);
    timers_.cancel(clock_timer_);
}

void StartAttempt::plan(camera::StartParameters asked, std::optional<std::int64_t> begin_ns,
                        std::chrono::milliseconds timeout) {
    asked_ = std::move(asked);
    begin_ns_ = begin_ns;
    timeout_ = timeout;
}

void StartAttempt::send(bool is_streaming) {
    begins_at_entry_ = is_streaming;
    waits_for_clock_ = begin_ns_ && takes_instants_ && clock_.awaits_first();
    if (waits_for_clock_) {
        timers_.cancel(clock_timer_);
        clock_timer_ = timers_.after(kFirstAnswerPatience, [this] {
            clock_timer_ = 0;
            send_now();
        });
    } else {
        send_now();
    }
    timers_.cancel(timer_);
    timer_ = timers_.after(timeout_, [this] {
        timer_ = 0;
        on_timeout_();
    });
}

/// A camera whose clock is not known begins at once: it could not tell the common instant.
void StartAttempt::send_now() {
    waits_for_clock_ = false;
    asked_.start_at.reset();
    if (begin_ns_ && takes_instants_) asked_.start_at = clock_.device_time(*begin_ns_);
    if (begins_at_entry_ && !asked_.start_at) return;
    send_(asked_, begins_at_entry_);
}

void StartAttempt::on_clock() {
    timers_.cancel(std::exchange(clock_timer_, 0));
    if (waits_for_clock_) send_now();
}

void StartAttempt::leave() {
    begins_at_entry_ = false;
    waits_for_clock_ = false;
    timers_.cancel(std::exchange(clock_timer_, 0));
}

void StartAttempt::cancel_timeout() { timers_.cancel(std::exchange(timer_, 0)); }

}  // namespace st::capture
