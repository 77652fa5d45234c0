#include "clock/clock_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace st::clock {
namespace {

constexpr std::size_t kBlocksMax = 256;
constexpr double kUnlikely = 12;  // e^-12: once in 160,000 recordings
/// Mean delay of a network of which one picture is all that is known.
constexpr double kDelayUnknownUs = 20'000;
constexpr std::int64_t kSecondUs = 1'000'000;
constexpr unsigned kSecondPairsMin = 5;  // of fewer one late picture may be all
constexpr double kTiltMost = ClockFit::kDriftPpmMost / 1e6;

}  // namespace

void ClockFit::add(std::int64_t device_us, std::int64_t arrival_us) {
    if (count_ == 0) {
        first_ = {device_us, arrival_us};
    } else if (device_us <= last_.device_us + first_.device_us) {
        return;
    }
    ++count_;
    const Point point{device_us - first_.device_us, arrival_us - first_.arrival_us};
    const Point before = std::exchange(last_, point);
    device_sum_ += static_cast<double>(point.device_us);
    arrival_sum_ += static_cast<double>(point.arrival_us);
    add_to_hull(point);
    add_to_blocks(point);
    // What a stall held back comes in at once, behind one long pause: neither is time that passed.
    second_passed_us_ += std::clamp<std::int64_t>(point.arrival_us - before.arrival_us, 0,
                                                  point.device_us - before.device_us);
    add_to_seconds(point);
}

/// Andrew's monotone chain: the last point leaves while it lies on or above the line to the new
/// one.
void ClockFit::add_to_hull(const Point& point) {
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

void ClockFit::add_to_blocks(const Point& point) {
    if (in_block_ == 0 && blocks_.size() == kBlocksMax) {
        for (std::size_t i = 0; i < kBlocksMax / 2; ++i) {
            const Point& a = blocks_[2 * i];
            const Point& b = blocks_[2 * i + 1];
            blocks_[i] = b.delay() < a.delay() ? b : a;
        }
        blocks_.resize(kBlocksMax / 2);
        block_pairs_ *= 2;
    }
    if (in_block_ == 0) {
        blocks_.push_back(point);
    } else if (point.delay() < blocks_.back().delay()) {
        blocks_.back() = point;
    }
    in_block_ = (in_block_ + 1) % block_pairs_;
}

void ClockFit::add_to_seconds(const Point& point) {
    if (second_pairs_ == 0) {
        second_passed_us_ = 0;
        second_least_ = point;
    }
    if (point.delay() < second_least_.delay()) second_least_ = point;
    ++second_pairs_;
    if (second_pairs_ < kSecondPairsMin || second_passed_us_ < kSecondUs) return;
    seconds_.push_back(second_least_);
    second_pairs_ = 0;
}

/// How far above the line all pairs of some second are.
double ClockFit::latest_second(double at_zero, double slope) const {
    double latest = 0;
    const auto look_at = [&](const Point& point) {
        latest = std::max(latest, static_cast<double>(point.arrival_us) - at_zero -
                                      slope * static_cast<double>(point.device_us));
    };
    std::ranges::for_each(seconds_, look_at);
    if (second_pairs_ >= kSecondPairsMin && second_passed_us_ >= kSecondUs / 2)
        look_at(second_least_);
    return latest;
}

/// How much lower than the line a line may pass the mean device time without being too unlikely.
double ClockFit::doubt(double at_zero, double slope) const {
    std::vector<double> distances;
    distances.reserve(blocks_.size());
    double sum = 0;
    for (const Point& point : blocks_) {
        distances.push_back(std::max(0.0, static_cast<double>(point.arrival_us) - at_zero -
                                              slope * static_cast<double>(point.device_us)));
        sum += distances.back();
    }
    const double count = static_cast<double>(distances.size());
    // Where hardly a delay is near the least one, their order says more than their mean.
    const std::size_t rank = std::min(static_cast<std::size_t>(kUnlikely), distances.size() - 1);
    std::ranges::nth_element(distances, distances.begin() + static_cast<std::ptrdiff_t>(rank));
    return std::max(kUnlikely * sum / count / count, distances[rank]);
}

/// Of the lines through a place below the hull that stay below it.
ClockFit::Slopes ClockFit::slopes_through(double device_us, double arrival_us) const {
    Slopes slopes{-std::numeric_limits<double>::infinity(),
                  std::numeric_limits<double>::infinity()};
    for (const Point& point : hull_) {
        const double along = static_cast<double>(point.device_us) - device_us;
        if (along == 0) continue;
        const double slope = (static_cast<double>(point.arrival_us) - arrival_us) / along;
        along > 0 ? slopes.most = std::min(slopes.most, slope)
                  : slopes.least = std::max(slopes.least, slope);
    }
    return slopes;
}

/// Greatest distance of the line at_zero + slope * t from one that is not too unlikely. All those
/// pass the mean device time within `low` of it.
double ClockFit::band(double at_zero, double slope) const {
    const double mean = device_sum_ / static_cast<double>(count_);
    const double low = doubt(at_zero, slope);
    Slopes slopes = slopes_through(mean, at_zero + slope * mean - low);
    slopes.least = std::clamp(slopes.least, 1 - kTiltMost, slope);
    slopes.most = std::clamp(slopes.most, slope, 1 + kTiltMost);
    double most = low;
    for (const double other : {slopes.least, slopes.most}) {
        for (const double end : {0.0, static_cast<double>(last_.device_us)}) {
            most = std::max(most, std::abs((other - slope) * (end - mean) - low));
        }
    }
    return most;
}

/// Of all lines below the pairs the one with the least sum of distances touches the hull where the
/// mean device time lies: every line below passes that place no higher.
std::optional<ClockLine> ClockFit::line() const {
    if (count_ < kPairsMin || hull_.size() < 2 || last_.device_us < kSpanMinUs) return std::nullopt;
    const double mean = device_sum_ / static_cast<double>(count_);
    std::size_t right = 1;
    while (right + 1 < hull_.size() && static_cast<double>(hull_[right].device_us) < mean) ++right;
    const Point& a = hull_[right - 1];
    const Point& b = hull_[right];
    // What is steeper is no clock: a burst was as long as the recording.
    const double tilted = static_cast<double>(b.arrival_us - a.arrival_us) /
                          static_cast<double>(b.device_us - a.device_us);
    const double slope = std::clamp(tilted, 1 - kTiltMost, 1 + kTiltMost);
    double at_zero = std::numeric_limits<double>::infinity();
    for (const Point& point : hull_) {
        at_zero = std::min(at_zero, static_cast<double>(point.arrival_us) -
                                        slope * static_cast<double>(point.device_us));
    }
    ClockLine line;
    line.origin_us = static_cast<double>(first_.device_us);
    line.offset_us =
        at_zero + static_cast<double>(first_.arrival_us) - static_cast<double>(first_.device_us);
    line.drift_ppm = (slope - 1) * 1e6;
    line.spread_us = arrival_sum_ / static_cast<double>(count_) - (at_zero + slope * mean);
    const double band_us = band(at_zero, slope);
    const double latest_us = latest_second(at_zero, slope);
    // Within the band it is chance.
    line.error_us = latest_us > band_us ? latest_us + band_us : band_us;
    if (tilted == slope) return line;
    const double bent_us = std::abs(tilted - slope) * static_cast<double>(last_.device_us);
    line.is_drift_known = false;
    line.is_bounded = bent_us <= 2 * band_us;
    line.error_us += bent_us;
    return line;
}

std::optional<ClockLine> ClockFit::line_or_offset() const {
    if (count_ == 0) return std::nullopt;
    if (const auto whole = line()) return whole;
    const auto least = std::ranges::min_element(hull_, {}, &Point::delay);
    const auto delay = static_cast<double>(least->delay());
    ClockLine line;
    line.origin_us = static_cast<double>(first_.device_us);
    line.offset_us = delay + static_cast<double>(first_.arrival_us - first_.device_us);
    line.spread_us = (arrival_sum_ - device_sum_) / static_cast<double>(count_) - delay;
    line.error_us = std::max(count_ == 1 ? kUnlikely * kDelayUnknownUs : doubt(delay, 1),
                             latest_second(delay, 1)) +
                    kDriftPpmUsual / 1e6 * static_cast<double>(last_.device_us);
    return line;
}

}  // namespace st::clock
