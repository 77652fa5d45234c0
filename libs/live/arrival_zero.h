#pragma once
/// When time 0 of a stream was, judged by its arrivals: the line below which no picture arrived. A
/// picture takes a while to get here; the one that took least says most. Pure.
#include <cstdint>
#include <optional>

namespace st::live {

/// From a stream's time 0, which was at `zero_us`, to the latest time 0 of FLV. `tag_ms`: of a tag
/// that came at `now_us`.
std::int64_t wraps_us(std::int64_t zero_us, std::uint32_t tag_ms, std::int64_t now_us);

class ArrivalZero {
 public:
    /// What arrived longer ago does not count: clocks drift apart.
    static constexpr std::int64_t kWindowUs = 20'000'000;
    /// A smaller step is not worth telling.
    static constexpr std::int64_t kStepUs = 1'000;

    /// A picture with that tag's time arrived at `now_us`. A value: the stream's zero, which has
    /// moved since it was told last.
    std::optional<std::int64_t> add(std::uint32_t tag_ms, std::int64_t now_us);

 private:
    std::int64_t older_us_ = INT64_MAX;  ///< the least of the window before
    std::int64_t newer_us_ = INT64_MAX;  ///< the least of the window that is open
    std::int64_t opened_us_ = INT64_MIN;
    std::optional<std::int64_t> told_us_;
};

}  // namespace st::live
