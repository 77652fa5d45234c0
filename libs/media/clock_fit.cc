#include "media/clock_fit.h"

namespace st::media {

void ClockFit::add(std::int64_t device_us, std::int64_t arrival_us) {
    if (count_ == 0) {
        first_ = {device_us, arrival_us};
    } else if (device_us <= last_device_us_) {
        return;
    }
    last_device_us_ = device_us;
    ++count_;
    const Point point{device_us - first_.device_us, arrival_us - first_.arrival_us};
    device_sum_ += static_cast<double>(point.device_us);
    arrival_sum_ += static_cast<double>(point.arrival_us);
    // Andrew's monotone chain: the last point leaves while it lies on or above the line to the new
    // one.
    while (hull_.size() >= 2) {
        const Point& a = hull_[hull_.size() - 2];
        const Point& b = hull_.back();
        const double slope_ab = static_cast<double>(b.arrival_us - a.arrival_us) *
                                static_cast<double>(point.device_us - a.device_us);
        const double slope_ap = static_cast<double>(point.arrival_us - a.arrival_us) *
                                static_cast<double>(b.device_us - a.device_us);
        if (slope_ab < slope_ap) break;
        hull_.pop_back();
    }
    hull_.push_back(point);
}

/// Of all lines below the pairs the one with the least sum of distances touches the hull where the
/// mean device time lies: every line below passes that place no higher.
std::optional<ClockLine> ClockFit::line() const {
    if (count_ < kPairsMin || hull_.size() < 2 || hull_.back().device_us < kSpanMinUs)
        return std::nullopt;
    const double mean = device_sum_ / static_cast<double>(count_);
    std::size_t right = 1;
    while (right + 1 < hull_.size() && static_cast<double>(hull_[right].device_us) < mean) ++right;
    const Point& a = hull_[right - 1];
    const Point& b = hull_[right];
    const double slope = static_cast<double>(b.arrival_us - a.arrival_us) /
                         static_cast<double>(b.device_us - a.device_us);
    const double at_zero =
        static_cast<double>(a.arrival_us) - slope * static_cast<double>(a.device_us);
    ClockLine line;
    line.offset_us =
        at_zero + static_cast<double>(first_.arrival_us) - static_cast<double>(first_.device_us);
    line.drift_ppm = (slope - 1) * 1e6;
    line.spread_us = arrival_sum_ / static_cast<double>(count_) - (at_zero + slope * mean);
    return line;
}

}  // namespace st::media
