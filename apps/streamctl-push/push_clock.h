#pragma once
/// The clock of a camera of push: it stamps the pictures and answers the server. Pure.
#include <cstdint>
#include <optional>

#include "streamctl/options.h"

namespace st::streamctl {

/// Counts microseconds since this machine started, sleep included, as phones' sensors do; and what
/// `--fault` does to that: the offset and the drift since the start, one jump.
class PushClock {
 public:
    /// `boot_ahead_us`: how far CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC.
    PushClock(const Fault& fault, std::int64_t boot_ahead_us)
        : fault_(fault), boot_ahead_us_(boot_ahead_us) {}

    /// What it shows at a time of CLOCK_MONOTONIC; never below 0.
    std::uint64_t at(std::int64_t monotonic_ns) const;
    /// What it stamps a picture with that was taken then.
    std::uint64_t stamp(std::int64_t monotonic_ns) const;
    /// When it shows `device_us`, as far as is known now: it may still jump.
    std::int64_t when(std::uint64_t device_us) const;

    /// The first picture of the first capture is taken then: kJumpAfterNs later the clock jumps.
    void begin(std::int64_t monotonic_ns);

    static constexpr std::int64_t kJumpAfterNs = 1'000'000'000;

 private:
    const Fault fault_;
    const std::int64_t boot_ahead_us_;
    std::optional<std::int64_t> jumps_ns_;
};

}  // namespace st::streamctl
