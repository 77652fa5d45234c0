#pragma once
/// Timers and the clock they run by: an event loop's, or a test's that is moved by hand.
#include <chrono>
#include <cstdint>
#include <functional>

namespace st::loop {

/// Names a timer; 0 names none.
using TimerId = std::uint64_t;

class Timers {
 public:
    virtual ~Timers() = default;
    /// Runs `task` once, not before `delay` has passed.
    virtual TimerId after(std::chrono::nanoseconds delay, std::function<void()> task) = 0;
    /// Unknown and already fired ids are ignored.
    virtual void cancel(TimerId timer) = 0;
    /// CLOCK_MONOTONIC at this moment.
    virtual std::int64_t clock_ns() const = 0;
};

}  // namespace st::loop
