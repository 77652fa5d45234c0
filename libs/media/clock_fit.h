#pragma once
/// How a camera's clock runs against the server's, from when its pictures were taken and when they
/// came in. Pure.
#include <cstdint>
#include <optional>
#include <vector>

namespace st::media {

/// server time = offset_us + (1 + drift_ppm / 10^6) * device time, both from the first pair on.
struct ClockLine {
    double offset_us = 0;  ///< of the server's clock at the first pair's device time
    double drift_ppm = 0;  ///< above 0: the device's clock is slow
    double spread_us = 0;  ///< how much later than the line says pairs came in, on average
};

/// A picture never comes in before it was taken, and on the best of days it comes in at once: the
/// line runs below all pairs, as near to them as a straight line can. A burst of late pictures does
/// not pull it. Memory: the lower hull of the pairs, a few dozen points of hours.
class ClockFit {
 public:
    /// Device times must rise; a pair that does not is left out.
    void add(std::int64_t device_us, std::int64_t arrival_us);

    /// nullopt before there are kPairsMin pairs over kSpanMinUs: a drift would be noise.
    std::optional<ClockLine> line() const;

    static constexpr std::uint64_t kPairsMin = 20;
    static constexpr std::int64_t kSpanMinUs = 2'000'000;

 private:
    struct Point {
        std::int64_t device_us;
        std::int64_t arrival_us;
    };
    std::vector<Point> hull_;  ///< convex from below
    Point first_{};
    std::int64_t last_device_us_ = 0;
    std::uint64_t count_ = 0;
    double device_sum_ = 0;  ///< of all pairs, after the first
    double arrival_sum_ = 0;
};

}  // namespace st::media
