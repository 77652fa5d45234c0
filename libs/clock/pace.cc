#include "clock/pace.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

namespace st::clock {
namespace {

constexpr std::size_t kPicturesMin = 3;
constexpr std::size_t kPairsMax = 1000;  ///< looked at, spread over the recording
/// How near a pace must be to that of a unit.
constexpr double kUnitTolerance = 0.01;
/// Message sizes explain the spacing if they leave less than this share of its scatter.
constexpr double kExplained = 0.5;
/// So near to the rate that the pictures' headers say, a clock has it.
constexpr double kNearSaid = 0.04;

struct Unit {
    std::uint64_t per_second;
    const char* name;
};
constexpr std::array<Unit, 5> kUnits{{{1, "seconds"},
                                      {1000, "milliseconds"},
                                      {90'000, "90 kHz ticks"},
                                      {1'000'000, "microseconds"},
                                      {1'000'000'000, "nanoseconds"}}};

const char* name_of(std::uint64_t per_second) {
    for (const Unit& unit : kUnits) {
        if (unit.per_second == per_second) return unit.name;
    }
    return "its unit";
}

/// Stretch between two seams with the most pictures: the clock of one recording.
struct Stretch {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t size() const { return end - begin; }
};

Stretch longest_stretch(const ClockTimes& clock) {
    Stretch longest;
    std::size_t begin = 0;
    const auto end_at = [&](std::size_t end) {
        if (end - begin > longest.size()) longest = {begin, end};
        begin = end;
    };
    for (const std::size_t seam : clock.seams) end_at(seam);
    end_at(clock.times.size());
    return longest;
}

double seconds_between(const ClockTimes& clock, std::size_t from, std::size_t to) {
    return static_cast<double>(static_cast<std::int64_t>(clock.times[to] - clock.times[from])) /
           static_cast<double>(clock.units_per_second);
}

double quantile(std::vector<double>& values, double share) {
    const auto rank = static_cast<std::ptrdiff_t>(
        std::min(static_cast<double>(values.size()) - 1,
                 std::floor(share * static_cast<double>(values.size()))));
    std::nth_element(values.begin(), values.begin() + rank, values.end());
    return values[static_cast<std::size_t>(rank)];
}

/// Of spans of a quarter of the recording, so that one jump is in less than half of them.
struct Spans {
    std::vector<double> spacings;         ///< mean seconds between arrivals in each
    std::vector<double> device_spacings;  ///< by the device's clock
    std::vector<double> ratios;
};

Spans look_at(const PaceInput& input, const Stretch& stretch) {
    Spans out;
    const std::size_t length = std::max<std::size_t>(1, (stretch.size() - 1) / 4);
    const std::size_t pairs = stretch.size() - length;
    const std::size_t step = std::max<std::size_t>(1, pairs / kPairsMax);
    for (std::size_t i = stretch.begin; i + length < stretch.end; i += step) {
        const double arrival = seconds_between(input.arrivals, i, i + length);
        const double device = seconds_between(input.device, i, i + length);
        out.spacings.push_back(arrival / static_cast<double>(length));
        out.device_spacings.push_back(device / static_cast<double>(length));
        if (arrival > 0) out.ratios.push_back(device / arrival);
    }
    return out;
}

/// What a slow line does with pictures that are sent as fast as it takes them: each takes as long
/// as it is large.
bool follows_size(const PaceInput& input, const Stretch& stretch) {
    if (input.bytes.size() != input.arrivals.times.size()) return false;
    double seconds = 0;
    double bytes = 0;
    for (std::size_t i = stretch.begin + 1; i < stretch.end; ++i) {
        seconds += std::max(0.0, seconds_between(input.arrivals, i - 1, i));
        bytes += input.bytes[i];
    }
    if (seconds <= 0 || bytes <= 0) return false;
    const double mean = seconds / static_cast<double>(stretch.size() - 1);
    double scatter = 0;
    double unexplained = 0;
    for (std::size_t i = stretch.begin + 1; i < stretch.end; ++i) {
        const double spacing = std::max(0.0, seconds_between(input.arrivals, i - 1, i));
        scatter += std::abs(spacing - mean);
        unexplained += std::abs(spacing - input.bytes[i] * seconds / bytes);
    }
    // Even spacing says nothing about the line.
    const double least = 0.2 * seconds;
    return scatter > least && unexplained < kExplained * scatter;
}

/// How far `came` is from a straight line over `by`, added up.
double scatter_along(std::span<const double> by, std::span<const double> came) {
    const auto count = static_cast<double>(by.size());
    double by_sum = 0;
    double came_sum = 0;
    for (std::size_t i = 0; i < by.size(); ++i) {
        by_sum += by[i];
        came_sum += came[i];
    }
    double both = 0;
    double own = 0;
    for (std::size_t i = 0; i < by.size(); ++i) {
        both += (by[i] - by_sum / count) * (came[i] - came_sum / count);
        own += (by[i] - by_sum / count) * (by[i] - by_sum / count);
    }
    const double slope = own > 0 ? both / own : 0;
    double scatter = 0;
    for (std::size_t i = 0; i < by.size(); ++i) {
        const double expected = (came_sum + slope * (by[i] * count - by_sum)) / count;
        scatter += std::abs(came[i] - expected);
    }
    return scatter;
}

/// A line that takes less than the camera gives: what came goes on as the bytes do, not as the
/// camera's clock does, which falls behind more and more.
bool is_overfull(const PaceInput& input, const Stretch& stretch) {
    if (input.bytes.size() != input.arrivals.times.size()) return false;
    std::vector<double> came;
    std::vector<double> taken;
    std::vector<double> sent;
    double bytes = 0;
    for (std::size_t i = stretch.begin; i < stretch.end; ++i) {
        came.push_back(seconds_between(input.arrivals, stretch.begin, i));
        taken.push_back(seconds_between(input.device, stretch.begin, i));
        bytes += input.bytes[i];
        sent.push_back(bytes);
    }
    return scatter_along(sent, came) < kExplained * scatter_along(taken, came);
}

/// By the device's clock the pictures are as far apart as their own headers say, and they come in
/// faster: a file is sent, since no camera takes more pictures than it set out to.
bool is_ahead_of_headers(const PaceInput& input, double device_spacing, double ratio) {
    if (input.said_fps <= 0 || device_spacing <= 0 || ratio <= 1 + kPaceTolerance) return false;
    return std::abs(std::log(device_spacing * input.said_fps)) < kNearSaid;
}

/// Over all pictures, whatever came in between.
double whole_ratio(const PaceInput& input, const Stretch& stretch) {
    const std::size_t last = stretch.end - 1;
    const double arrival = seconds_between(input.arrivals, stretch.begin, last);
    return arrival > 0 ? seconds_between(input.device, stretch.begin, last) / arrival : 0;
}

void name_pace(Pace& pace) {
    std::array<char, 160> text{};
    const double ratio = *pace.ratio;
    if (ratio <= 0) {
        std::snprintf(text.data(), text.size(), "the camera's clock stands still");
    } else if (ratio < 0.5 || ratio >= 2) {
        std::snprintf(text.data(), text.size(), "the camera's clock runs %.4g times too %s",
                      ratio >= 2 ? ratio : 1 / ratio, ratio >= 2 ? "fast" : "slow");
    } else {
        const double percent = std::abs(ratio - 1) * 100;
        std::snprintf(text.data(), text.size(), "the camera's clock runs %.*f %% too %s",
                      percent < 9.5 ? 1 : 0, percent, ratio > 1 ? "fast" : "slow");
    }
    pace.warning = text.data();
}

void look_for_unit(Pace& pace, std::uint64_t declared, std::uint64_t counted_per_unit) {
    const double tolerance = std::min(kPaceTolerance, kUnitTolerance + pace.doubt);
    for (const Unit& unit : kUnits) {
        if (unit.per_second == declared) continue;
        const double expected =
            static_cast<double>(unit.per_second) / static_cast<double>(declared);
        // Whole seconds scatter by themselves, and are too coarse to be times of pictures.
        const bool is_coarse = unit.per_second == 1;
        const double apart = std::abs(std::log(*pace.ratio / expected));
        if (apart > (is_coarse ? kUnitTolerance + pace.doubt : tolerance)) continue;
        pace.is_other_unit = true;
        pace.is_off = is_coarse;
        pace.units_per_second = unit.per_second * counted_per_unit;
        pace.warning = std::string("the camera's clock counts ") + unit.name + ", not " +
                       name_of(declared) + (is_coarse ? "" : ": its times were rescaled");
        return;
    }
}

}  // namespace

Pace judge_pace(const PaceInput& input, std::uint64_t counted_per_unit) {
    Pace pace;
    pace.units_per_second = input.device.units_per_second;
    if (input.arrivals.times.empty()) return pace;
    const Stretch stretch = longest_stretch(input.device);
    if (stretch.size() < kPicturesMin) {
        pace.is_paced = !input.is_said_unpaced;
        return pace;
    }
    Spans spans = look_at(input, stretch);
    const double spacing = quantile(spans.spacings, 0.5);
    pace.is_paced =
        !input.is_said_unpaced && spacing >= 1 / kPacedFpsMost && !follows_size(input, stretch);
    if (spans.ratios.empty()) return pace;
    pace.ratio = quantile(spans.ratios, 0.5);
    const double device_spacing = quantile(spans.device_spacings, 0.5);
    pace.is_paced = pace.is_paced && !is_ahead_of_headers(input, device_spacing, *pace.ratio) &&
                    !(*pace.ratio < 1 - kPaceOfAQuartz && is_overfull(input, stretch));
    if (!pace.is_paced) return pace;
    const double low = quantile(spans.ratios, 0.25);
    const double high = quantile(spans.ratios, 0.75);
    if (*pace.ratio <= 0) {
        pace.is_off = low <= 0 && high <= 0;
        if (pace.is_off) name_pace(pace);
        return pace;
    }
    // A quarter of the spans may hold a fault; what the others scatter is the network's.
    pace.doubt = low > 0 ? std::log(high / low) : 1;
    // Behind a time without a network most pictures come at once, each later than it was taken; a
    // clock of another pace would differ over all of them, too.
    const double whole = whole_ratio(input, stretch);
    if (whole > 0 && std::abs(std::log(whole)) <= kPaceTolerance &&
        std::abs(std::log(*pace.ratio)) > kPaceTolerance) {
        pace.ratio = whole;
    }
    const double off = std::abs(std::log(*pace.ratio));
    if (off > kPaceTolerance + pace.doubt) {
        look_for_unit(pace, input.device.units_per_second / counted_per_unit, counted_per_unit);
        pace.is_off = pace.is_off || !pace.is_other_unit;
        if (pace.is_off) name_pace(pace);
    } else if (off > kPaceOfAQuartz + pace.doubt) {
        name_pace(pace);
    }
    return pace;
}

}  // namespace st::clock
