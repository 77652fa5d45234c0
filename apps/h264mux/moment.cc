#include "moment.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/units.h"
#include "base/when.h"

namespace st::h264mux {
namespace {

using std::chrono::microseconds;

/// "SS" or "SS.mmm", up to `max` seconds.
std::optional<microseconds> parse_seconds(std::string_view text, std::uint64_t max) {
    constexpr std::size_t kDigitsMax = 9;
    const std::size_t point = std::min(text.find('.'), text.size());
    const auto whole = parse_number(text.substr(0, point), max);
    if (!whole) return std::nullopt;
    microseconds sum = std::chrono::seconds(*whole);
    if (point == text.size()) return sum;
    const std::string_view fraction = text.substr(point + 1);
    if (fraction.empty() || fraction.size() > kDigitsMax || !parse_number(fraction, 999'999'999)) {
        return std::nullopt;
    }
    std::int64_t unit = 100'000;
    for (std::size_t i = 0; i < fraction.size() && unit > 0; ++i, unit /= 10) {
        sum += microseconds(unit * (fraction[i] - '0'));
    }
    return sum;
}

/// "[HH:]MM:SS[.mmm]".
std::optional<Moment> parse_clock(std::string_view text) {
    std::vector<std::string_view> parts;
    std::string_view rest = text;
    for (std::size_t colon = rest.find(':'); colon != std::string_view::npos;
         colon = rest.find(':')) {
        parts.push_back(rest.substr(0, colon));
        rest.remove_prefix(colon + 1);
    }
    if (parts.empty() || parts.size() > 2) return std::nullopt;
    const auto seconds = parse_seconds(rest, 59);
    const auto minutes = parse_number(parts.back(), parts.size() == 1 ? 9999 : 59);
    if (!seconds || !minutes) return std::nullopt;
    Moment moment;
    moment.text = text;
    moment.position = *seconds + std::chrono::minutes(*minutes);
    if (parts.size() == 1) return moment;
    const auto hours = parse_number(parts.front(), 9999);
    if (!hours) return std::nullopt;
    *moment.position += std::chrono::hours(*hours);
    if (*hours < 24) moment.time_of_day = moment.position;
    return moment;
}

std::int64_t end_of(const Span& span) {
    return span.end_us.value_or(*span.first_us + span.duration.count());
}

std::string shown_span(const Span& span) {
    return "it was recorded from " + local_text(*span.first_us) + " to " + local_text(end_of(span));
}

/// The first instant at or after the beginning with this local time of day. That may be tomorrow's.
std::int64_t next_with_time(microseconds time_of_day, std::int64_t begin_us) {
    const std::string date = local_text(begin_us).substr(0, 10);
    std::array<char, 16> clock{};
    const auto seconds = time_of_day.count() / 1'000'000;
    std::snprintf(clock.data(), clock.size(), " %02d:%02d:%02d", static_cast<int>(seconds / 3600),
                  static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
    const auto at = parse_when(date + clock.data(), begin_us);
    std::int64_t found = (at ? *at : begin_us) + time_of_day.count() % 1'000'000;
    constexpr std::int64_t kDayUs = 86'400'000'000;
    // What lies a little before the begin was meant to lie there: it is said to be outside.
    if (found < begin_us - kDayUs / 2) found += kDayUs;
    return found;
}

}  // namespace

Result<Moment> parse_moment(std::string_view text) {
    if (auto clock = parse_clock(text)) return std::move(*clock);
    Moment moment;
    moment.text = text;
    if (text.find('T') != std::string_view::npos) {
        const auto wall = parse_rfc3339(text);
        if (wall) {
            moment.wall_us = *wall;
            return moment;
        }
    }
    const auto duration = parse_duration(text);
    if (!duration) {
        return Error{"\"" + std::string(text.substr(0, 80)) +
                     "\" is not a time; examples: 90 (seconds), 1:30.250, 01:02:03, "
                     "12:03:04.250 (local time of day), 2026-01-31T08:15:30.250Z"};
    }
    moment.position = *duration;
    return moment;
}

Result<Place> place_of(const Moment& moment, const Span& span, Edge edge) {
    if (moment.is_position()) return Place{*moment.position};
    if (moment.position && *moment.position < span.duration) return Place{*moment.position};
    if (!span.first_us) {
        if (moment.position) return Place{*moment.position};
        return Error{moment.text +
                     " is a time of the wall clock, and this input has none: give "
                     "the position, such as 1:30"};
    }
    std::int64_t at_us =
        moment.wall_us ? *moment.wall_us : next_with_time(*moment.time_of_day, *span.first_us);
    if (edge == Edge::from) at_us = std::max(at_us, *span.first_us);
    if (edge == Edge::to) at_us = std::min(at_us, end_of(span));
    if (at_us < *span.first_us || at_us > end_of(span)) {
        return Error{moment.text + " is outside this recording: " + shown_span(span)};
    }
    return Place{microseconds(at_us - *span.first_us), at_us};
}

}  // namespace st::h264mux
