#include "record/burst_watch.h"

namespace st::record {
namespace {

/// Arrivals are as uneven as that.
constexpr std::int64_t kUnevenUs = 50'000;
constexpr std::int64_t kStalledUs = 200'000;

}  // namespace

void BurstWatch::begin(std::int64_t ms, std::int64_t arrived_ns) {
    is_watching_ = true;
    first_ms_ = ms;
    first_ns_ = since_ns_ = arrived_ns;
    ahead_us_ = 0;
}

std::optional<std::int64_t> BurstWatch::look(std::int64_t ms, std::int64_t arrived_ns) {
    if (!is_watching_) return std::nullopt;
    const std::int64_t ahead = (ms - first_ms_) * 1000 - (arrived_ns - first_ns_) / 1000;
    const bool is_further = ahead > ahead_us_ + kUnevenUs;
    // A sender or a network that stalled, and may be making up for it.
    const bool is_behind = ahead < ahead_us_ - kStalledUs;
    if (is_further) ahead_us_ = ahead;
    if (is_further || is_behind) {
        since_ns_ = arrived_ns;
        return std::nullopt;
    }
    if (arrived_ns - since_ns_ < kSettledNs) return std::nullopt;
    is_watching_ = false;
    return ahead_us_ < kLeastUs ? std::nullopt : std::optional(ahead_us_);
}

}  // namespace st::record
