#pragma once
/// How many events and log lines one peer may cause in a second.
#include <cstdint>
#include <optional>

namespace st::capture {

class ReportQuota {
 public:
    explicit ReportQuota(int per_second) : per_second_(per_second) {}

    /// False: it has caused too many in this second. `now_ns`: CLOCK_MONOTONIC.
    bool take(std::int64_t now_ns) {
        constexpr std::int64_t kSecond = 1'000'000'000;
        if (!since_ns_ || now_ns - *since_ns_ >= kSecond) {
            since_ns_ = now_ns;
            taken_ = 0;
        }
        if (taken_ == per_second_) return false;
        ++taken_;
        return true;
    }

 private:
    const int per_second_;
    std::optional<std::int64_t> since_ns_;  ///< when the second began
    int taken_ = 0;
};

}  // namespace st::capture
