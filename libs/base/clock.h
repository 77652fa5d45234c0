#pragma once
/// The two clocks of the server. Pure code takes a time as an argument and never reads a clock.
#include <time.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace st {

using Nanoseconds = std::chrono::nanoseconds;
using Milliseconds = std::chrono::milliseconds;

/// CLOCK_MONOTONIC in nanoseconds: never jumps; meaningless across reboots.
inline std::int64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// Wall clock, microseconds since 1970-01-01 UTC.
inline std::int64_t wall_us() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

/// RFC 3339 in UTC with milliseconds, e.g. "2026-01-31T08:15:30.250Z".
std::string rfc3339(std::int64_t wall_us);
/// The same with microseconds.
std::string rfc3339_us(std::int64_t wall_us);

/// Microseconds since 1970 of an RFC 3339 time ("2026-01-31T08:15:30.25Z", "...+02:00") or of a
/// date alone (its midnight, UTC).
Result<std::int64_t> parse_rfc3339(std::string_view text);

/// Local time as YYYYMMDD_HHMMSS, the form in recording ids.
std::string local_stamp(std::int64_t wall_us);

}  // namespace st
