#pragma once
/// A bound on what one peer may cause, second by second: log lines, events, commands. Pure; one
/// thread.
#include <cstdint>
#include <optional>

namespace st {

class PerSecond {
 public:
    explicit PerSecond(std::uint64_t most) : most_(most) {}

    /// False: with so many more there would be too many in this second; none of them is counted.
    /// `now_ns`: CLOCK_MONOTONIC.
    bool take(std::uint64_t count, std::int64_t now_ns) {
        constexpr std::int64_t kSecondNs = 1'000'000'000;
        if (!since_ns_ || now_ns - *since_ns_ >= kSecondNs) {
            since_ns_ = now_ns;
            taken_ = 0;
        }
        if (count > most_ - taken_) return false;
        taken_ += count;
        return true;
    }

 private:
    const std::uint64_t most_;
    std::optional<std::int64_t> since_ns_;  ///< when the second began
    std::uint64_t taken_ = 0;
};

}  // namespace st
