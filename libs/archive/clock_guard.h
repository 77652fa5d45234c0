#pragma once
/// Whether the wall clock is believed where something is deleted for its age: that cannot be
/// undone, and a clock can be set. Pure; one thread. Private to libs/archive.
#include <cstdint>
#include <optional>
#include <string>

namespace st::archive {

class ClockGuard {
 public:
    /// Of one look to the next; less is a clock that is kept right.
    static constexpr std::int64_t kStepMaxUs = 600'000'000;
    /// How long a new time has to stand.
    static constexpr std::int64_t kTrialUs = 3'600'000'000;

    /// "": it is believed; else why not, the same words for as long as that is why. `boot_us`:
    /// CLOCK_BOOTTIME. `newest_us`: when the newest of what is stored was recorded, if anything is,
    /// by the clock of then: if that is not reached yet, that clock was wrong or this one is.
    std::string doubt(std::int64_t now_us, std::int64_t boot_us,
                      std::optional<std::int64_t> newest_us);

 private:
    std::optional<std::int64_t> booted_us_;       ///< by the wall clock
    std::int64_t trusted_from_us_ = 0;            ///< CLOCK_BOOTTIME
    std::optional<std::int64_t> behind_from_us_;  ///< the newest; CLOCK_BOOTTIME
    std::string step_;                            ///< in words
};

}  // namespace st::archive
