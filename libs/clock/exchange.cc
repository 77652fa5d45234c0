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
struct ExchangeClock::Lines {
    struct Limit {
        double along;  ///< device time after the origin
        double least;
        double most;
        double most_along;
    };
    std::vector<Limit> limits;

    Lines(std::span<const Exchange> exchanges, std::int64_t origin_us, std::int64_t resolution_us) {
        for (const Exchange& exchange : exchanges) {
            Limit limit{};
            limit.along = static_cast<double>(exchange.received_us - origin_us);
            limit.most_along = static_cast<double>(exchange.replied_us - origin_us);
            limit.least =
                static_cast<double>(exchange.sent_us - exchange.received_us - resolution_us) -
                bend_us(limit.along);
            limit.most =
                static_cast<double>(exchange.returned_us - exchange.replied_us + resolution_us) +
                bend_us(limit.most_along);
            limits.push_back(limit);
        }
    }

    /// How far a clock whose drift changes leaves its tangent.
    static double bend_us(double along_us) {
        const double seconds = along_us / 1e6;
        return kDriftChangePpm * seconds * seconds / 2;
    }
    double least(double tilt) const {
        double out = -std::numeric_limits<double>::infinity();
        for (const Limit& limit : limits) out = std::max(out, limit.least - tilt * limit.along);
        return out;
    }
    double most(double tilt) const {
        double out = std::numeric_limits<double>::infinity();
        for (const Limit& limit : limits) out = std::min(out, limit.most - tilt * limit.most_along);
        return out;
    }
    double room(double tilt) const { return most(tilt) - least(tilt); }

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
    const Lines lines(recent, exchange.received_us, resolution_us_);
    return lines.room(lines.widest()) >= -kRoundingUs;
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

std::optional<Offset> ExchangeClock::within(const Stretch& stretch, std::int64_t device_us) const {
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
    const auto distance = [&](const Stretch& stretch) {
        const std::int64_t first = stretch.exchanges.front().sent_us;
        const std::int64_t last = stretch.exchanges.back().returned_us;
        return about_us < first ? first - about_us : about_us > last ? about_us - last : 0;
    };
    const auto nearest = std::ranges::min_element(stretches_, {}, distance);
    auto out = within(*nearest, device_us);
    if (distance(*nearest) == 0) return out;
    // Between two stretches the clock was set, and nobody knows when: both are possible.
    const bool is_before = about_us < nearest->exchanges.front().sent_us;
    if (is_before ? nearest == stretches_.begin() : nearest + 1 == stretches_.end()) return out;
    const auto other = within(is_before ? *(nearest - 1) : *(nearest + 1), device_us);
    const double low = std::min(out->offset_us - out->bound_us, other->offset_us - other->bound_us);
    const double high =
        std::max(out->offset_us + out->bound_us, other->offset_us + other->bound_us);
    out->offset_us = (low + high) / 2;
    out->bound_us = (high - low) / 2;
    return out;
}

}  // namespace st::clock
