#include "streamctl-push/push_clock.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace st::streamctl {
namespace {

std::int64_t us_of(milliseconds time) { return std::chrono::microseconds(time).count(); }

}  // namespace

std::uint64_t PushClock::at(std::int64_t monotonic_ns) const {
    const std::int64_t boot_us = monotonic_ns / 1000 + boot_ahead_us_;
    const double drifted_us = static_cast<double>(boot_us) * fault_.clock_drift_ppm / 1e6;
    std::int64_t us = boot_us + static_cast<std::int64_t>(std::floor(drifted_us));
    us += us_of(fault_.clock_offset);
    if (jumps_ns_ && monotonic_ns >= *jumps_ns_) us += us_of(fault_.clock_jump);
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, us));
}

std::uint64_t PushClock::stamp(std::int64_t monotonic_ns) const {
    return at(monotonic_ns + std::chrono::nanoseconds(fault_.stamp_shift).count());
}

std::int64_t PushClock::when(std::uint64_t device_us) const {
    std::int64_t us = static_cast<std::int64_t>(device_us) - us_of(fault_.clock_offset);
    if (jumps_ns_) us -= us_of(fault_.clock_jump);
    const double fast = 1 + fault_.clock_drift_ppm / 1e6;
    const auto boot_us = static_cast<std::int64_t>(std::ceil(static_cast<double>(us) / fast));
    return (boot_us + 1 - boot_ahead_us_) * 1000;
}

void PushClock::begin(std::int64_t monotonic_ns) {
    if (!jumps_ns_) jumps_ns_ = monotonic_ns + kJumpAfterNs;
}

}  // namespace st::streamctl
