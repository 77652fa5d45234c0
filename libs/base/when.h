#pragma once
/// Times as people write and read them: in the time zone of this process (TZ). The functions read
/// that zone and no clock. Any thread.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace st {

/// RFC 3339 with milliseconds and the local offset, e.g. "2026-01-31T09:15:30.250+01:00".
std::string rfc3339_local(std::int64_t wall_us);

/// "2026-01-31 09:15:30 +01:00"
std::string local_text(std::int64_t wall_us);

/// "09:15:30"
std::string local_clock(std::int64_t wall_us);

/// UTC as YYYYMMDD_HHMMSS: local_stamp() of base/clock.h for whoever wants no zone in it.
std::string utc_stamp(std::int64_t wall_us);

/// Microseconds since 1970 of a time as a person gives it, `now_us` being the present: RFC 3339
/// ("2026-01-31T08:15:30Z"); local "YYYY-MM-DD [HH:MM[:SS[.mmm]]]"; "HH:MM[:SS[.mmm]]" of today;
/// "today", "yesterday", each perhaps with a time of day; "now"; or an age, "2h", "7d". A time that
/// the clocks pass twice is the first of the two.
Result<std::int64_t> parse_when(std::string_view text, std::int64_t now_us);

}  // namespace st
