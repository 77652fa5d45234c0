#include "clock/exchange.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace st::clock {
namespace {

struct Tilts {
    double least = -ExchangeClock::kDriftPpmMost / 1e6;
    double most = ExchangeClock::kDriftPpmMost / 1e6;
};

constexpr unsigned kRounds = 24;  ///< of a search; each takes half of the interval off
constexpr double kRoundingUs = 1;
constexpr double kOffMiddleUs = 100;  ///< which the bound is larger for
/// Of a network that leaves more than this open, the likely offset is stated, with a larger bound:
/// the middle moves with each exchange, and the times of pictures would with it.
constexpr double kWideUs = 100'000;

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
    Tilts tilts;                    ///< and have one of these

    Lines(std::span<const Exchange> exchanges, std::int64_t origin_us, std::int64_t resolution_us,
          const Tilts& of = {})
        : tilts(of) {
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

    /// Where a concave function of the tilt is greatest, to a hundredth of a microsecond a minute.
    template <class Function>
    static double top(Function&& of, double low, double high) {
        for (unsigned i = 0; i < 2 * kRounds; ++i) {
            const double third = (high - low) / 3;
            of(low + third) < of(high - third) ? low += third : high -= third;
        }
        return (low + high) / 2;
    }
    double widest() const {
        return top([&](double tilt) { return room(tilt); }, tilts.least, tilts.most);
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
    Tilts possible_tilts() const {
        const double widest = this->widest();
        return {nearest(widest, tilts.least), nearest(widest, tilts.most)};
    }
    double highest(double widest) const {
        const double wanted = top([&](double tilt) { return most(tilt); }, tilts.least, tilts.most);
        return most(nearest(widest, wanted));
    }
    double lowest(double widest) const {
        const double wanted =
            top([&](double tilt) { return -least(tilt); }, tilts.least, tilts.most);
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

/// Of the exchanges within a second of the last one those stay that tell most in one direction:
/// the others would cost much time and tell next to nothing more.
void ExchangeClock::thin(std::vector<Exchange>& kept) {
    const std::int64_t since_us = kept.back().received_us - kSameUs;
    auto first = kept.end() - 1;
    while (first != kept.begin() && (first - 1)->received_us >= since_us) --first;
    const auto least = [](const Exchange& one) { return one.sent_us - one.received_us; };
    const auto most = [](const Exchange& one) { return one.returned_us - one.replied_us; };
    const Exchange above = *std::max_element(
        first, kept.end(),
        [&](const Exchange& a, const Exchange& b) { return least(a) < least(b); });
    const Exchange below = *std::min_element(
        first, kept.end(), [&](const Exchange& a, const Exchange& b) { return most(a) < most(b); });
    const auto is_told = [&](const Exchange& one) { return one != above && one != below; };
    kept.erase(std::remove_if(first, kept.end(), is_told), kept.end());
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
    thin(kept);
    // Of a stretch of many hours the beginning is forgotten.
    if (kept.size() > kept_max_)
        kept.erase(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(kept_max_ / 4));
    return true;
}

/// The exchanges of a stretch that tell of a device time, and which of them are of one clock even
/// if it was set between them: those before that time, or those behind it. One that was answered
/// just then, at the camera, is of neither side. The first and the last burst of a stretch are
/// whole.
struct ExchangeClock::Window {
    using Exchanges = std::span<const Exchange>;
    Exchanges all;
    Exchanges before;
    Exchanges behind;
    bool is_set_early = false;  ///< the clock may have been set in the older half of `before`
    bool is_set_late = false;   ///< or in the later half of `behind`

    Window(Exchanges kept, std::int64_t device_us, std::int64_t reach_us) {
        auto begin = first_since(kept, device_us - reach_us);
        auto end = first_since(kept, device_us + reach_us);
        const auto split = first_since(kept, device_us);
        // A side without any within reach: the nearest one.
        if (begin == split && begin != kept.begin()) --begin;
        if (end == split && end != kept.end()) ++end;
        all = {begin, end};
        auto last = split;
        while (last != begin && (last - 1)->replied_us > device_us) --last;
        const auto burst_end =
            begin == kept.begin() ? first_since(all, all.front().received_us + kBurstUs) : begin;
        const auto burst_begin =
            end == kept.end() ? first_since(all, all.back().received_us - kBurstUs) : end;
        before = {begin, std::max(last, burst_end)};
        behind = {std::min(split, burst_begin), end};
        is_set_early = oldest().data() + oldest().size() > std::to_address(burst_end);
        is_set_late = latest().data() < std::to_address(burst_begin);
    }

    Exchanges oldest() const { return before.first(before.size() / 2); }
    Exchanges latest() const { return behind.last(behind.size() / 2); }

    static Exchanges::iterator first_since(Exchanges in, std::int64_t device_us) {
        return std::ranges::lower_bound(in, device_us, {}, &Exchange::received_us);
    }
};

/// What some lines allow at a time.
struct ExchangeClock::Range {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();

    bool is_empty() const { return low > high; }
    double middle() const { return (low + high) / 2; }
    void allow(const Lines& lines) {
        const double widest = lines.widest();
        if (lines.room(widest) < -kRoundingUs) return;
        low = std::min(low, lines.lowest(widest));
        high = std::max(high, lines.highest(widest));
    }
};

/// What a jump can hide that no exchange shows: it was before or behind the time asked for, so
/// those of one side at least are of that clock. If it was among the far half of the other side,
/// the near half is so too; if it was nearer, the far half tells the drift, which a jump does not
/// change.
void ExchangeClock::allow_hidden(const Window& window, std::int64_t device_us, Range& range) const {
    const auto lines = [&](Window::Exchanges exchanges, const Tilts& tilts = {}) {
        return Lines(exchanges, device_us, resolution_us_, tilts);
    };
    const auto oldest = window.oldest();
    const auto latest = window.latest();
    if (!window.behind.empty()) {
        if (window.is_set_early) range.allow(lines(window.all.subspan(oldest.size())));
        range.allow(lines(window.behind, lines(oldest).possible_tilts()));
    }
    if (!window.before.empty()) {
        if (window.is_set_late)
            range.allow(lines(window.all.first(window.all.size() - latest.size())));
        range.allow(lines(window.before, lines(latest).possible_tilts()));
    }
}

Offset ExchangeClock::within(const Stretch& stretch, std::int64_t device_us, Jump jump) const {
    Range range;
    Offset out;
    // Where no line and one jump fit all exchanges there were more of them: what is near counts.
    for (std::int64_t reach_us = kWindowUs; range.is_empty(); reach_us /= 2) {
        const Window window(stretch.exchanges, device_us, reach_us);
        const Lines lines(window.all, device_us, resolution_us_);
        out.drift_ppm = lines.widest() * 1e6;
        range.allow(lines);
        const auto likely_us = range.is_empty() ? std::nullopt : std::optional(range.middle());
        if (jump == Jump::may_hide || !likely_us) allow_hidden(window, device_us, range);
        if (range.is_empty()) continue;
        // What all exchanges say changes little from one to the next, but is not the middle.
        const double middle_us = range.middle();
        const double off_us = kOffMiddleUs + std::max(0.0, range.high - range.low - kWideUs) / 2;
        out.offset_us =
            std::clamp(likely_us.value_or(middle_us), middle_us - off_us, middle_us + off_us);
    }
    out.bound_us = std::max(range.high - out.offset_us, out.offset_us - range.low) + kRoundingUs +
                   static_cast<double>(uncertainty_us_);
    return out;
}

std::optional<Offset> ExchangeClock::latest() const {
    if (stretches_.empty()) return std::nullopt;
    const Stretch& last = stretches_.back();
    return within(last, last.exchanges.back().replied_us, Jump::is_seen);
}

/// The clock was set after the last question of one stretch and before the first answer of the
/// next: in between both are possible.
bool ExchangeClock::is_possible(std::size_t stretch, std::int64_t about_us) const {
    const bool is_over = stretch + 1 < stretches_.size() &&
                         about_us > stretches_[stretch + 1].exchanges.front().returned_us;
    const bool is_to_come =
        stretch > 0 && about_us < stretches_[stretch - 1].exchanges.back().sent_us;
    return !is_over && !is_to_come;
}

std::optional<Offset> ExchangeClock::at(std::int64_t device_us, std::int64_t about_us) const {
    if (stretches_.empty()) return std::nullopt;
    Range range;
    Offset out;
    unsigned possible = 0;
    for (std::size_t i = 0; i < stretches_.size(); ++i) {
        if (!is_possible(i, about_us)) continue;
        out = within(stretches_[i], device_us, Jump::may_hide);
        range.low = std::min(range.low, out.offset_us - out.bound_us);
        range.high = std::max(range.high, out.offset_us + out.bound_us);
        ++possible;
    }
    if (possible < 2) return out;
    out.offset_us = (range.low + range.high) / 2;
    out.bound_us = (range.high - range.low) / 2;
    return out;
}

ExchangeClock::Witnesses ExchangeClock::witnesses(std::int64_t device_us,
                                                  std::int64_t about_us) const {
    Witnesses out;
    for (std::size_t i = 0; i < stretches_.size(); ++i) {
        if (!is_possible(i, about_us)) continue;
        const auto& kept = stretches_[i].exchanges;
        const auto before = std::ranges::lower_bound(kept, device_us, {}, &Exchange::received_us);
        if (out.stretches++ == 0) out.first = i;
        out.before += static_cast<std::size_t>(before - kept.begin());
    }
    return out;
}

}  // namespace st::clock
