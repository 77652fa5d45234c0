#include "archive/clock_guard.h"

#include <chrono>
#include <cstdlib>
#include <utility>

#include "base/clock.h"
#include "base/rough_time.h"

namespace st::archive {

std::string ClockGuard::doubt(std::int64_t now_us, std::int64_t boot_us,
                              std::optional<std::int64_t> newest_us) {
    const std::int64_t booted_us = now_us - boot_us;
    const std::int64_t step_us =
        booted_us - std::exchange(booted_us_, booted_us).value_or(booted_us);
    if (std::abs(step_us) > kStepMaxUs) {
        trusted_from_us_ = boot_us + kTrialUs;
        const auto by = std::chrono::microseconds(std::abs(step_us));
        step_ = "the clock was set " + std::string(step_us > 0 ? "ahead" : "back") + " by " +
                rough_time(std::chrono::duration_cast<std::chrono::seconds>(by)) +
                ": nothing is deleted by age for an hour";
    }
    // Also while a new time has to stand: it is one hour, whatever is wrong.
    const bool is_behind = newest_us && now_us < *newest_us - kStepMaxUs;
    if (!is_behind) behind_from_us_.reset();
    if (is_behind && !behind_from_us_) behind_from_us_ = boot_us;
    if (boot_us < trusted_from_us_) return step_;
    if (!is_behind || boot_us - *behind_from_us_ >= kTrialUs) return {};
    return "the newest of what is stored was recorded at " + rfc3339(*newest_us) +
           " by the clock of then, and the clock is not there yet: nothing is deleted by age for "
           "an hour";
}

}  // namespace st::archive
