#pragma once
/// --from, --to and --at: a place in a recording, by its position or by the wall clock. Pure.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace st::h264mux {

/// As it was given. One of three parts, "00:00:03", can be either: only the recording tells.
struct Moment {
    std::string text;                                      ///< for messages
    std::optional<std::chrono::microseconds> position;     ///< from the first picture on
    std::optional<std::chrono::microseconds> time_of_day;  ///< local
    std::optional<std::int64_t> wall_us;                   ///< microseconds since 1970

    /// What it is does not depend on the recording.
    bool is_position() const { return position && !time_of_day; }
};

/// "90", "1.5s", "2m" (a duration), "[HH:]MM:SS[.mmm]", or RFC 3339. Fractions to a microsecond.
Result<Moment> parse_moment(std::string_view text);

/// What of a recording a moment is measured by.
struct Span {
    std::chrono::microseconds duration{};
    std::optional<std::int64_t> first_us;  ///< wall clock of its first picture; nullopt: not known
    std::optional<std::int64_t> end_us;    ///< and of its end, likewise
};

/// A place in a recording.
struct Place {
    std::chrono::microseconds position{};
    /// Of a time of the wall clock, which the camera's own clock may count otherwise.
    std::optional<std::int64_t> wall_us = {};
};

/// What a moment is the beginning, the end or all of.
enum class Edge : std::uint8_t { from, to, at };

/// The place in the recording, its position never negative. "HH:MM:SS" is a position if the
/// recording is so long, else a time of day. From before the recording is from its begin, and to
/// behind it is to its end. Error: nothing of it is left, or the recording has no wall clock.
Result<Place> place_of(const Moment& moment, const Span& span, Edge edge);

}  // namespace st::h264mux
