#include "streamctl-push/clock_answers.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/clock.h"

namespace st::streamctl {
namespace {

constexpr std::size_t kWaitingMax = 64;

}  // namespace

void ClockAnswers::forget() {
    for (const auto& [id, timer] : std::exchange(waiting_, {})) loop_.cancel(timer);
}

std::chrono::nanoseconds ClockAnswers::late(milliseconds always) {
    std::uniform_real_distribution<double> chance(0, 1);
    const auto jitter = static_cast<double>(std::chrono::nanoseconds(fault_.clock_jitter).count());
    return std::chrono::nanoseconds(std::max(always, milliseconds(0))) +
           std::chrono::nanoseconds(std::llround(jitter * chance(chance_)));
}

void ClockAnswers::after(std::uint32_t id, std::chrono::nanoseconds wait,
                         std::function<void()> task) {
    if (wait.count() == 0) return task();
    waiting_[id] = loop_.after(wait, [this, id, then = std::move(task)] {
        waiting_.erase(id);
        then();
    });
}

void ClockAnswers::answer(std::uint32_t id) {
    std::uniform_real_distribution<double> chance(0, 1);
    if (fault_.clock_loss > 0 && chance(chance_) < fault_.clock_loss) return;
    const auto there = late(fault_.clock_asymmetry);
    const auto back = late(-fault_.clock_asymmetry);
    if (waiting_.size() >= kWaitingMax) return;
    after(id, there, [this, id, back] {
        const std::uint64_t now_us = clock_.at(monotonic_ns());
        after(id, back, [this, id, now_us] { send_({id, now_us, now_us}); });
    });
}

}  // namespace st::streamctl
