#pragma once
/// Real time for what could be read faster than it plays. Pure: the clock is an argument.
#include <algorithm>
#include <chrono>
#include <cstdint>

namespace st::av {

class Pace {
 public:
    /// How far a stream that keeps its own time may run ahead of the clock: what it had buffered
    /// before we came, and a clock that is fast by 0.2 %.
    static constexpr std::int64_t kLeadUs = 5'000'000;
    static constexpr std::int64_t kDriftDivisor = 500;
    /// A longer step of media time is a jump, from which time counts anew.
    static constexpr std::int64_t kJumpUs = 10'000'000;

    /// `exact`: nothing but this keeps the time (a file); else only bursts are held back.
    explicit Pace(bool exact) : exact_(exact) {}

    /// How long to wait before what belongs at `media_us` is due.
    std::chrono::nanoseconds wait(std::int64_t media_us, std::int64_t now_ns) {
        const bool jumps =
            has_begun_ && (media_us - last_us_ > kJumpUs || last_us_ - media_us > kJumpUs);
        if (!has_begun_ || jumps) {
            has_begun_ = true;
            first_us_ = media_us;
            first_ns_ = now_ns;
        }
        last_us_ = media_us;
        const std::int64_t elapsed_us = (now_ns - first_ns_) / 1000;
        const std::int64_t allowed_us = exact_ ? 0 : kLeadUs + elapsed_us / kDriftDivisor;
        const std::int64_t early_us = media_us - first_us_ - elapsed_us - allowed_us;
        return std::chrono::microseconds(std::max<std::int64_t>(0, early_us));
    }

 private:
    const bool exact_;
    bool has_begun_ = false;
    std::int64_t first_us_ = 0;
    std::int64_t first_ns_ = 0;
    std::int64_t last_us_ = 0;
};

}  // namespace st::av
