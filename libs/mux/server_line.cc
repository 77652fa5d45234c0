#include "mux/server_line.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace st::mux {
namespace {

constexpr double kMsStepUs = 1000;  // cameras say whole milliseconds
constexpr double kUsStepUs = 1;     // or whole microseconds

double us_of(std::int64_t ticks, const clock::DisplayTimes& times) {
    return static_cast<double>(ticks) * 1e6 / static_cast<double>(times.ticks_per_second);
}

ServerLine as_arrived(const mp4::PictureIndex& pictures) {
    ServerLine out;
    clock::ClockLine line;
    line.offset_us = static_cast<double>(pictures[0].arrival_ns) / 1000;
    out.stretches.push_back({0, line});
    return out;
}

}  // namespace

ServerLine fit_server_line(const mp4::PictureIndex& pictures,
                           std::span<const std::uint32_t> shown_at, const TimingChoice& choice) {
    const auto& restarts = choice.times.restarts;
    if (choice.timing != Timing::device || restarts.size() > kStretchesMax)
        return as_arrived(pictures);
    std::vector<clock::ClockFit> fits(restarts.size() + 1);
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const std::size_t place = choice.in_decoding_order ? i : shown_at[i];
        const auto stretch = std::ranges::upper_bound(restarts, place) - restarts.begin();
        fits[static_cast<std::size_t>(stretch)].add(
            std::llround(us_of(choice.times.ticks[place], choice.times)),
            static_cast<std::int64_t>(pictures[i].arrival_ns / 1000));
    }
    ServerLine out;
    double error_us = 0;
    for (std::size_t k = 0; k < fits.size(); ++k) {
        const auto line = fits[k].line_or_offset();
        if (!line) continue;  // a stretch whose pictures came in with those of another
        if (!line->is_bounded) return as_arrived(pictures);
        out.stretches.push_back({k == 0 ? 0 : restarts[k - 1], *line});
        error_us = std::max(error_us, line->error_us);
    }
    if (out.stretches.empty()) return as_arrived(pictures);
    out.stretches.front().begin = 0;
    const bool is_fine = choice.times.ticks_per_second == clock::kFineTicksPerSecond;
    out.error_us = error_us + (is_fine ? kUsStepUs : kMsStepUs);
    return out;
}

bool is_plausible(const clock::ExchangeClock& exchanges, const clock::Moment& moment,
                  std::int64_t arrived_us, std::chrono::microseconds late_max) {
    const auto offset = exchanges.at(moment.device_us, moment.about_us);
    if (!offset) return false;
    const double taken_us = static_cast<double>(moment.device_us) + offset->offset_us;
    const double late_us = static_cast<double>(arrived_us) - taken_us;
    return late_us >= -offset->bound_us && late_us <= static_cast<double>(late_max.count());
}

namespace {

/// Pictures between two jumps of the camera's clock.
class Stretches {
 public:
    Stretches(const mp4::PictureIndex& pictures, std::span<const std::uint32_t> shown_at,
              const TimingChoice& choice)
        : choice_(choice), device_us_(pictures.size()), arrival_us_(pictures.size()) {
        for (std::size_t i = 0; i < pictures.size(); ++i) {
            const std::size_t place = choice.in_decoding_order ? i : shown_at[i];
            device_us_[place] = static_cast<std::int64_t>(pictures[i].device_us);
            arrival_us_[place] = static_cast<std::int64_t>(pictures[i].arrival_ns / 1000);
        }
    }

    /// Lines for the places from `begin` to `end`. False: they are not of that clock.
    bool add(std::size_t begin, std::size_t end, const clock::ExchangeClock& exchanges,
             std::chrono::microseconds late_max, ServerLine& out) const {
        const std::int64_t zero_us = device_at_zero(begin, end);
        const auto moment = [&](std::size_t place) {
            return clock::Moment{zero_us + std::llround(display_us(place)),
                                 about_us(place, begin, end)};
        };
        const auto witnesses = [&](std::size_t place) {
            const clock::Moment at = moment(place);
            return exchanges.witnesses(at.device_us, at.about_us);
        };
        for (std::size_t first = begin; first < end;) {
            std::size_t last = first;
            const auto of_first = witnesses(first);
            while (last + 1 < end && display_us(last + 1) - display_us(first) < kKnotUs &&
                   witnesses(last + 1) == of_first)
                ++last;
            const clock::Moment ends[] = {moment(first), moment(last)};
            if (!is_plausible(exchanges, ends[0], arrival_us_[first], late_max) ||
                !is_plausible(exchanges, ends[1], arrival_us_[last], late_max))
                return false;
            out.stretches.push_back({first, line_between(ends, display_us(first), exchanges, out)});
            first = last + 1;
        }
        return true;
    }

 private:
    static constexpr double kKnotUs = 5e6;
    static constexpr std::int64_t kJumpWithinUs = 5'000'000;

    double display_us(std::size_t place) const {
        return us_of(choice_.times.ticks[place], choice_.times);
    }

    /// Between two moments for which the same exchanges tell; the bound is that at its ends.
    static clock::ClockLine line_between(const clock::Moment (&ends)[2], double origin_us,
                                         const clock::ExchangeClock& exchanges, ServerLine& out) {
        const clock::Offset first = *exchanges.at(ends[0].device_us, ends[0].about_us);
        const clock::Offset last = *exchanges.at(ends[1].device_us, ends[1].about_us);
        const auto span_us = static_cast<double>(ends[1].device_us - ends[0].device_us);
        clock::ClockLine line;
        line.origin_us = origin_us;
        line.offset_us = static_cast<double>(ends[0].device_us) - origin_us + first.offset_us;
        line.drift_ppm =
            span_us > 0 ? (last.offset_us - first.offset_us) / span_us * 1e6 : first.drift_ppm;
        out.error_us = std::max({out.error_us.value_or(0), first.bound_us, last.bound_us});
        return line;
    }

    /// What most pictures' device times are at display time 0: single ones may be strays.
    std::int64_t device_at_zero(std::size_t begin, std::size_t end) const {
        std::vector<std::int64_t> zeros;
        for (std::size_t place = begin; place < end; ++place) {
            zeros.push_back(device_us_[place] -
                            std::llround(us_of(choice_.times.ticks[place], choice_.times)));
        }
        const auto middle = zeros.begin() + static_cast<std::ptrdiff_t>(zeros.size() / 2);
        std::ranges::nth_element(zeros, middle);
        return *middle;
    }

    /// A time by which to look for exchanges: those between which the clock was set say little, and
    /// the pictures know on which side of that they are.
    std::int64_t about_us(std::size_t place, std::size_t begin, std::size_t end) const {
        const std::int64_t first = arrival_us_[begin];
        const std::int64_t last = arrival_us_[end - 1];
        const std::int64_t middle = first + (last - first) / 2;
        std::int64_t about = arrival_us_[place];
        if (begin > 0) about = std::max(about, std::min(first + kJumpWithinUs, middle));
        if (end < arrival_us_.size())
            about = std::min(about, std::max(last - kJumpWithinUs, middle));
        return about;
    }

    const TimingChoice& choice_;
    std::vector<std::int64_t> device_us_;  ///< by place
    std::vector<std::int64_t> arrival_us_;
};

}  // namespace

std::optional<ServerLine> exchange_line(const mp4::PictureIndex& pictures,
                                        std::span<const std::uint32_t> shown_at,
                                        const TimingChoice& choice,
                                        const clock::ExchangeClock& exchanges,
                                        std::chrono::microseconds late_max) {
    const auto& restarts = choice.times.restarts;
    const bool is_that_clock = choice.timing == Timing::device &&
                               choice.device_units_per_second == 1'000'000 &&
                               restarts.size() <= kStretchesMax;
    if (!is_that_clock) return std::nullopt;
    const Stretches places(pictures, shown_at, choice);
    ServerLine out;
    for (std::size_t k = 0; k <= restarts.size(); ++k) {
        const std::size_t begin = k == 0 ? 0 : restarts[k - 1];
        const std::size_t end = k == restarts.size() ? pictures.size() : restarts[k];
        if (begin < end && !places.add(begin, end, exchanges, late_max, out)) return std::nullopt;
    }
    if (out.stretches.empty()) return std::nullopt;
    return out;
}

namespace {

/// Calls `use` with each place and its time on the line, us.
template <class Use>
void for_each_place(const clock::DisplayTimes& times, const ServerLine& line, Use use) {
    std::size_t next = 0;
    for (std::size_t place = 0; place < times.ticks.size(); ++place) {
        while (next + 1 < line.stretches.size() && line.stretches[next + 1].begin <= place) ++next;
        use(place, line.stretches[next].line.server_us(us_of(times.ticks[place], times)));
    }
}

}  // namespace

std::vector<std::int64_t> taken_us(const clock::DisplayTimes& times, const ServerLine& line,
                                   double delay_us) {
    std::vector<std::int64_t> out(times.ticks.size());
    std::int64_t before = std::numeric_limits<std::int64_t>::min();
    for_each_place(times, line, [&](std::size_t place, double server_us) {
        before = std::max<std::int64_t>(before, std::llround(server_us - delay_us));
        out[place] = before;
    });
    return out;
}

void put_on_line(clock::DisplayTimes& times, const ServerLine& line, double zero_us) {
    const double per_us = static_cast<double>(times.ticks_per_second) / 1e6;
    std::int64_t before = -1;
    for_each_place(times, line, [&](std::size_t place, double server_us) {
        before = std::max<std::int64_t>(before + 1, std::llround((server_us - zero_us) * per_us));
        times.ticks[place] = before;
    });
}

}  // namespace st::mux
