#pragma once
/// Timers of a clock that a test moves by hand: the one way in which tests make time pass for what
/// is given its timers. A real event loop has httpd/fake_transport's ManualClock instead.
#include <functional>
#include <map>
#include <utility>

#include "loop/timers.h"

namespace st::loop {

class ManualTimers final : public Timers {
 public:
    TimerId after(std::chrono::nanoseconds delay, std::function<void()> task) override {
        timers_.emplace(now_ns + delay.count(), std::pair(++last_, std::move(task)));
        return last_;
    }
    void cancel(TimerId timer) override {
        std::erase_if(timers_, [&](const auto& one) { return one.second.first == timer; });
    }
    std::int64_t clock_ns() const override { return now_ns; }

    /// What falls due on the way runs when it does, in order; `then` after each.
    void advance(std::chrono::nanoseconds by, const std::function<void()>& then) {
        const std::int64_t end_ns = now_ns + by.count();
        while (!timers_.empty() && timers_.begin()->first <= end_ns) {
            const auto due = timers_.extract(timers_.begin());
            now_ns = due.key();
            due.mapped().second();
            then();
        }
        now_ns = end_ns;
    }
    void advance(std::chrono::nanoseconds by) {
        advance(by, [] {});
    }
    std::size_t size() const { return timers_.size(); }

    /// Not 0: what takes a clock's beginning for "never" shows.
    static constexpr std::int64_t kStartNs = 1'000'000'000'000;
    /// Moved by a test: time passes, and nothing has run yet.
    std::int64_t now_ns = kStartNs;

 private:
    TimerId last_ = 0;
    /// By due time.
    std::multimap<std::int64_t, std::pair<TimerId, std::function<void()>>> timers_;
};

}  // namespace st::loop
