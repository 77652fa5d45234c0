#include "live/arrival_zero.h"

#include <algorithm>
#include <cstdlib>

namespace st::live {

std::int64_t wraps_us(std::int64_t zero_us, std::uint32_t tag_ms, std::int64_t now_us) {
    constexpr std::int64_t kWrapUs = (std::int64_t{1} << 32) * 1000;
    const std::int64_t behind_us = now_us - zero_us - std::int64_t{tag_ms} * 1000;
    return (behind_us + (behind_us < 0 ? -kWrapUs : kWrapUs) / 2) / kWrapUs * kWrapUs;
}

std::optional<std::int64_t> ArrivalZero::add(std::uint32_t tag_ms, std::int64_t now_us) {
    std::int64_t zero_us = now_us - std::int64_t{tag_ms} * 1000;
    if (told_us_) zero_us -= wraps_us(*told_us_, tag_ms, now_us);
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
