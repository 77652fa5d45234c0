#pragma once
/// How fast recordings grow.
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/sync.h"

namespace st::record {

/// Bytes in each of the last seconds. Any thread.
class WriteRate {
 public:
    static constexpr std::int64_t kSeconds = 10;

    void add(std::uint64_t bytes, std::int64_t now_ns) ST_EXCLUDES(mutex_) {
        const Lock lock(mutex_);
        Second& second = at(now_ns / kSecondNs);
        second.bytes += bytes;
    }
    /// The mean of the last kSeconds, or of as many as there are since the first byte.
    std::uint64_t bytes_per_second(std::int64_t now_ns) const ST_EXCLUDES(mutex_) {
        const Lock lock(mutex_);
        const std::int64_t now = now_ns / kSecondNs;
        std::uint64_t sum = 0;
        std::int64_t first = now;
        for (const Second& second : seconds_) {
            if (second.number < 0 || second.number <= now - kSeconds) continue;
            sum += second.bytes;
            if (second.number < first) first = second.number;
        }
        return sum / static_cast<std::uint64_t>(now - first + 1);
    }

 private:
    static constexpr std::int64_t kSecondNs = 1'000'000'000;
    struct Second {
        std::int64_t number = -1;
        std::uint64_t bytes = 0;
    };
    Second& at(std::int64_t number) ST_REQUIRES(mutex_) {
        Second& second = seconds_[static_cast<std::size_t>(number % kSeconds)];
        if (second.number != number) second = {number, 0};
        return second;
    }

    mutable Mutex mutex_;
    std::array<Second, kSeconds> seconds_ ST_GUARDED_BY(mutex_);
};

}  // namespace st::record
