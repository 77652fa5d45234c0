#include "clock/exchange.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace st::clock {
namespace {

constexpr double kTiltMost = ExchangeClock::kDriftPpmMost / 1e6;
constexpr unsigned kRounds = 60;  ///< of a search; each takes a third or a half of the interval off
constexpr double kRoundingUs = 1;

}  // namespace

/// The lines offset + tilt * (time - origin) that pass between both envelopes of some exchanges.
/// Of each direction only the corners of the convex hull can touch a line: a handful of points.
struct ExchangeClock::Lines {
    struct Limit {
        double along;   ///< device time after the origin
        double offset;  ///< which no line passes, there
    };
    std::vector<Limit> least_hull;  ///< lines lie above it
    std::vector<Limit> most_hull;   ///< and below this one

    Lines(std::span<const Exchange> exchanges, std::int64_t origin_us, std::int64_t resolution_us) {
        for (const Exchange& exchange : exchanges) {
            const auto along = static_cast<double>(exchange.received_us - origin_us);
            const auto least =
                static_cast<double>(exchange.sent_us - exchange.received_us - resolution_us);
            add(least_hull, {along, least - bend_us(along)}, 1);
            const auto most_along = static_cast<double>(exchange.replied_us - origin_us);
            const auto most =
                static_cast<double>(exchange.returned_us - exchange.replied_us + resolution_us);
            add(most_hull, {most_along, most + bend_us(most_along)}, -1);
        }
    }

    /// Andrew's monotone chain; `side`: 1 for the hull from above, -1 from below. A point whose
    /// time is not behind the last one's stays, which costs time and no truth.
    static void add(std::vector<Limit>& hull, const Limit& limit, double side) {
        while (hull.size() >= 2) {
            const Limit& a = hull[hull.size() - 2];
            const Limit& b = hull.back();
            if (!(a.along < b.along && b.along < limit.along)) break;
            const double turn = (b.offset - a.offset) * (limit.along - a.along) -
                                (limit.offset - a.offset) * (b.along - a.along);
            if (side * turn > 0) break;
            hull.pop_back();
        }
        hull.push_back(limit);
    }

    /// How far a clock whose drift changes leaves its tangent.
    static double bend_us(double along_us) {
        const double seconds = along_us / 1e6;
        return kDriftChangePpm * seconds * seconds / 2;
    }
    double least(double tilt) const {
        double out = -std::numeric_limits<double>::infinity();
        for (const Limit& limit : least_hull)
            out = std::max(out, limit.offset - tilt * limit.along);
        return out;
    }
    double most(double tilt) const {
        double out = std::numeric_limits<double>::infinity();
        for (const Limit& limit : most_hull) out = std::min(out, limit.offset - tilt * limit.along);
        return out;
    }
    double room(double tilt) const { return most(tilt) - least(tilt); }
    bool is_possible() const { return room(widest()) >= -kRoundingUs; }

    /// Where a concave function of the tilt is greatest.
    template <class Function>
    static double top(Function&& of, double low, double high) {
        for (unsigned i = 0; i < 2 * kRounds; ++i) {
            const double third = (high - low) / 3;
            of(low + third) < of(high - third) ? low += third : high -= third;
        }
        return (low + high) / 2;
    }
    double widest() const {
        return top([&](double tilt) { return room(tilt); }, -kTiltMost, kTiltMost);
    }
    /// The tilt nearest to `wanted`, from `possible` on, for which there is a line.
    double nearest(double possible, double wanted) const {
        if (room(wanted) >= 0) return wanted;
        for (unsigned i = 0; i < kRounds; ++i) {
            const double middle = (possible + wanted) / 2;
            room(middle) >= 0 ? possible = middle : wanted = middle;
        }
        return wanted;  // just outside, on the safe side
    }
    double highest(double widest) const {
        const double wanted = top([&](double tilt) { return most(tilt); }, -kTiltMost, kTiltMost);
        return most(nearest(widest, wanted));
    }
    double lowest(double widest) const {
        const double wanted = top([&](double tilt) { return -least(tilt); }, -kTiltMost, kTiltMost);
        return least(nearest(widest, wanted));
    }
};

/// There is a clock that has not been set for which both this exchange and those shortly before
/// are possible.
bool ExchangeClock::continues(const Stretch& stretch, const Exchange& exchange) const {
    if (exchange.received_us < stretch.exchanges.back().received_us) return false;
    std::vector<Exchange> recent;
    for (auto it = stretch.exchanges.rbegin(); it != stretch.exchanges.rend(); ++it) {
        if (exchange.received_us - it->received_us > kWindowUs && !recent.empty()) break;
        recent.push_back(*it);
    }
    recent.push_back(exchange);
    std::ranges::reverse(recent);
    return Lines(recent, exchange.received_us, resolution_us_).is_possible();
}

/// The clock was set before `exchange`. Of the exchanges before it those stay that were certainly
/// of the old time: the set came behind the last one that cannot be of one clock with `exchange`
/// and all between them.
void ExchangeClock::end(Stretch& stretch, const Exchange& exchange) const {
    auto& kept = stretch.exchanges;
    if (exchange.received_us < kept.back().received_us) return;
    std::size_t first = kept.size();
    for (bool is_possible = true; is_possible && first > 1;) {
        --first;
        std::vector<Exchange> between(kept.begin() + static_cast<std::ptrdiff_t>(first),
                                      kept.end());
        between.push_back(exchange);
        is_possible = Lines(between, exchange.received_us, resolution_us_).is_possible();
        if (!is_possible) ++first;
    }
    kept.resize(first);
}

bool ExchangeClock::add(const Exchange& exchange) {
    // A hold longer than the round trip by a clock of another pace, or times that go back.
    const std::int64_t hold_us = exchange.replied_us - exchange.received_us;
    if (exchange.returned_us < exchange.sent_us || hold_us < 0) return false;
    if (exchange.round_trip_us() + 2 * resolution_us_ < 0) return false;
    ++count_;
    const std::int64_t round_trip_us = std::max<std::int64_t>(0, exchange.round_trip_us());
    least_round_trip_us_ = std::min(least_round_trip_us_.value_or(round_trip_us), round_trip_us);
    if (stretches_.empty() || !continues(stretches_.back(), exchange)) {
        if (!stretches_.empty()) end(stretches_.back(), exchange);
        if (stretches_.size() > kJumpsMax) {
            stretches_.erase(stretches_.begin());
        }
        stretches_.emplace_back();
    }
    auto& kept = stretches_.back().exchanges;
    kept.push_back(exchange);
    // Of a stretch of many hours the beginning is forgotten.
    if (kept.size() > kept_max_)
        kept.erase(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(kept_max_ / 4));
    return true;
}

Offset ExchangeClock::within(const Stretch& stretch, std::int64_t device_us) const {
    const auto& all = stretch.exchanges;
    const auto by_time = [](const Exchange& exchange, std::int64_t time) {
        return exchange.received_us < time;
    };
    auto begin = std::lower_bound(all.begin(), all.end(), device_us - kWindowUs, by_time);
    auto end = std::lower_bound(begin, all.end(), device_us + kWindowUs, by_time);
    if (begin == end) {  // none in the window: the nearest one
        if (begin == all.end()) --begin;
        end = begin + 1;
    }
    const Lines lines({begin, end}, device_us, resolution_us_);
    const double widest = lines.widest();
    const double low = lines.lowest(widest);
    const double high = lines.highest(widest);
    Offset out;
    out.offset_us = (low + high) / 2;
    out.bound_us = std::abs(high - low) / 2 + kRoundingUs + static_cast<double>(uncertainty_us_);
    out.drift_ppm = widest * 1e6;
    return out;
}

std::optional<Offset> ExchangeClock::latest() const {
    if (stretches_.empty()) return std::nullopt;
    return within(stretches_.back(), stretches_.back().exchanges.back().replied_us);
}

std::optional<Offset> ExchangeClock::at(std::int64_t device_us, std::int64_t about_us) const {
    if (stretches_.empty()) return std::nullopt;
    // The clock was set after the last question of one stretch and before the first answer of the
    // next: in between both are possible.
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    Offset out;
    for (std::size_t i = 0; i < stretches_.size(); ++i) {
        if (i > 0 && about_us < stretches_[i - 1].exchanges.back().sent_us) break;
        if (i + 1 < stretches_.size() && about_us > stretches_[i + 1].exchanges.front().returned_us)
            continue;
        out = within(stretches_[i], device_us);
        low = std::min(low, out.offset_us - out.bound_us);
        high = std::max(high, out.offset_us + out.bound_us);
    }
    out.offset_us = (low + high) / 2;
    out.bound_us = (high - low) / 2;
    return out;
}

}  // namespace st::clock
