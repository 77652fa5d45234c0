#include "capture/held_frames.h"

#include <utility>

namespace st::capture {

void HeldFrames::hold(SharedBuffer message, std::int64_t arrival_ns, const media::NalPeek& peek) {
    preroll_.hold(std::move(message), arrival_ns, peek);
    account();
    if (timer_ == 0) expire();
}

void HeldFrames::forget() {
    preroll_.forget_frames();
    account();
}

std::vector<camera::HeldMessage> HeldFrames::take(std::int64_t now_ns) {
    std::vector<camera::HeldMessage> held = preroll_.take(now_ns);
    timers_.cancel(std::exchange(timer_, 0));
    account();
    return held;
}

/// A camera that falls silent must not keep its frames here: no message of it would drop them.
void HeldFrames::expire() {
    timer_ = 0;
    const std::int64_t now_ns = timers_.clock_ns();
    preroll_.expire(now_ns);
    account();
    const auto due_ns = preroll_.expires_ns();
    if (!due_ns) return;
    timer_ = timers_.after(std::chrono::nanoseconds(*due_ns - now_ns), [this] { expire(); });
}

}  // namespace st::capture
