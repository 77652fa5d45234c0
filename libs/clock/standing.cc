#include "clock/standing.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace st::clock {
namespace {

std::int64_t rounded_up(double value) { return static_cast<std::int64_t>(std::ceil(value)); }

/// How far a clock's offset may leave the straight line between two moments.
double bend_us(const Moment& a, const Moment& b) {
    const double half_s = static_cast<double>(b.device_us - a.device_us) / 2e6;
    return ExchangeClock::kDriftChangePpm * half_s * half_s / 2;
}

}  // namespace

std::string_view to_string(Method method) {
    switch (method) {
        case Method::none:
            return "none";
        case Method::arrival:
            return "arrival";
        case Method::exchange:
            return "exchange";
    }
    return {};
}

Standing latest_standing(const ExchangeClock& clock) {
    Standing out;
    out.exchanges = clock.exchanges();
    out.rtt_us = clock.least_round_trip_us();
    const auto offset = clock.latest();
    if (!offset) return out;
    out.method = Method::exchange;
    out.offset_us = std::llround(offset->offset_us);
    out.drift_ppm = std::llround(offset->drift_ppm);
    out.bound_us = rounded_up(offset->bound_us + 0.5);  // the offset was rounded
    return out;
}

Standing standing_over(const ExchangeClock& clock, std::span<const Moment> moments) {
    Standing out = latest_standing(clock);
    if (out.method == Method::none || moments.empty()) return {};
    std::vector<Offset> offsets;
    offsets.reserve(moments.size());
    for (const Moment& moment : moments)
        offsets.push_back(*clock.at(moment.device_us, moment.about_us));
    const auto since_first = [&](std::size_t i) {
        return static_cast<double>(moments[i].device_us - moments[0].device_us);
    };
    const double span_us = since_first(moments.size() - 1);
    const double turned_us = offsets.back().offset_us - offsets.front().offset_us;
    // A clock that was set has no drift over that.
    const double ppm = span_us > 0 ? turned_us / span_us * 1e6 : 0;
    out.drift_ppm =
        std::abs(ppm) <= 2 * ExchangeClock::kDriftPpmMost ? std::llround(ppm) : out.drift_ppm;
    double least = std::numeric_limits<double>::infinity();
    double most = -least;
    double bend = 0;
    for (std::size_t i = 0; i < moments.size(); ++i) {
        const double along =
            offsets[i].offset_us - static_cast<double>(out.drift_ppm) / 1e6 * since_first(i);
        least = std::min(least, along - offsets[i].bound_us);
        most = std::max(most, along + offsets[i].bound_us);
        if (i > 0) bend = std::max(bend, bend_us(moments[i - 1], moments[i]));
    }
    out.offset_us = std::llround((least + most) / 2);
    out.bound_us = rounded_up((most - least) / 2 + bend + 0.5);
    return out;
}

}  // namespace st::clock
