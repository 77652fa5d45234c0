#include "live/arrival_zero.h"

#include <algorithm>
#include <cstdlib>

namespace st::live {

std::optional<std::int64_t> ArrivalZero::add(std::int64_t stream_ms, std::int64_t now_us) {
    const std::int64_t zero_us = now_us - stream_ms * 1000;
    if (opened_us_ == INT64_MIN || now_us - opened_us_ >= kWindowUs / 2) {
        older_us_ = opened_us_ == INT64_MIN ? INT64_MAX : newer_us_;
        newer_us_ = zero_us;
        opened_us_ = now_us;
    }
    newer_us_ = std::min(newer_us_, zero_us);
    const std::int64_t least_us = std::min(older_us_, newer_us_);
    if (told_us_ && std::abs(least_us - *told_us_) <= kStepUs) return std::nullopt;
    told_us_ = least_us;
    return least_us;
}

}  // namespace st::live
