#include "base/when.h"

#include <gtest/gtest.h>

#include <string>

#include "base/clock.h"
#include "support/time_zone.h"

namespace st {
namespace {

// POSIX rules: they need no zone files on the machine.
constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";
constexpr const char* kTokyo = "JST-9";

std::int64_t utc(std::string_view text) { return *parse_rfc3339(text); }

/// What `text` means at noon of 29 November 2026 in this zone, in UTC.
std::string meant(std::string_view text) {
    const auto when = parse_when(text, utc("2026-11-29T11:00:00Z"));
    return when ? rfc3339(*when) : when.error().message;
}

TEST(LocalTime, is_shown_with_its_offset) {
    const std::int64_t winter = utc("2026-01-31T08:15:30.250Z");
    {
        const TimeZone zone(kBerlin);
        EXPECT_EQ(rfc3339_local(winter), "2026-01-31T09:15:30.250+01:00");
        EXPECT_EQ(local_text(winter), "2026-01-31 09:15:30 +01:00");
        EXPECT_EQ(local_clock(winter), "09:15:30");
        EXPECT_EQ(rfc3339_local(utc("2026-07-01T00:00:00Z")), "2026-07-01T02:00:00.000+02:00");
    }
    const TimeZone zone("NST3:30");  // west of Greenwich by three and a half hours
    EXPECT_EQ(rfc3339_local(winter), "2026-01-31T04:45:30.250-03:30");
    EXPECT_EQ(utc_stamp(winter), "20260131_081530");
}

TEST(LocalTime, written_with_its_offset_reads_back_as_the_same_instant) {
    const TimeZone zone(kBerlin);
    for (const std::int64_t at : {std::int64_t{0}, utc("2026-10-25T00:30:00Z"),
                                  utc("2026-10-25T01:30:00Z"), utc("1969-12-31T23:59:59.5Z")}) {
        EXPECT_EQ(utc(rfc3339_local(at)), at);
    }
}

TEST(ParseWhen, takes_what_people_say) {
    const TimeZone zone(kTokyo);  // it is 20:00 there
    EXPECT_EQ(meant("now"), "2026-11-29T11:00:00.000Z");
    EXPECT_EQ(meant("today"), "2026-11-28T15:00:00.000Z");
    EXPECT_EQ(meant("yesterday"), "2026-11-27T15:00:00.000Z");
    EXPECT_EQ(meant("yesterday 18:00"), "2026-11-28T09:00:00.000Z");
    EXPECT_EQ(meant("today 08:30"), "2026-11-28T23:30:00.000Z");
    EXPECT_EQ(meant("08:30:15.5"), "2026-11-28T23:30:15.500Z");
    EXPECT_EQ(meant("2h"), "2026-11-29T09:00:00.000Z");
    EXPECT_EQ(meant("90m"), "2026-11-29T09:30:00.000Z");
    EXPECT_EQ(meant("7d"), "2026-11-22T11:00:00.000Z");
    EXPECT_EQ(meant("1w"), "2026-11-22T11:00:00.000Z");
    EXPECT_EQ(meant("2026-11-28"), "2026-11-27T15:00:00.000Z");
    EXPECT_EQ(meant("2026-11-28 22:00"), "2026-11-28T13:00:00.000Z");
    EXPECT_EQ(meant("2026-11-28T22:00:30"), "2026-11-28T13:00:30.000Z");
    EXPECT_EQ(meant("2026-11-28T22:00:30Z"), "2026-11-28T22:00:30.000Z");
    EXPECT_EQ(meant("2026-11-28T22:00:30.25+02:00"), "2026-11-28T20:00:30.250Z");
}

TEST(ParseWhen, takes_the_first_of_an_hour_that_comes_twice_and_goes_over_one_that_does_not) {
    const TimeZone zone(kBerlin);
    EXPECT_EQ(meant("2026-10-25 02:30"), "2026-10-25T00:30:00.000Z");
    EXPECT_EQ(meant("2026-10-25 03:30"), "2026-10-25T02:30:00.000Z");
    EXPECT_EQ(meant("2026-10-25 01:30"), "2026-10-24T23:30:00.000Z");
    EXPECT_EQ(meant("2026-03-29 04:00"), "2026-03-29T02:00:00.000Z");
    // "yesterday" on the day after the change is a day of 25 hours.
    EXPECT_EQ(rfc3339(*parse_when("yesterday", utc("2026-10-26T11:00:00Z"))),
              "2026-10-24T22:00:00.000Z");
}

TEST(ParseWhen, refuses_what_is_no_time_and_says_what_is) {
    const TimeZone zone(kBerlin);
    for (const char* text :
         {"", "soon", "2026", "20261128", "2026-13-01", "2026-11-32", "25:00", "12:60", "12:5",
          "2026-11-28 ", "2026-11-28 1", "2026-11-28X10:00", "-2h", "2x", "today2", "1.5.2026"}) {
        const auto when = parse_when(text, 0);
        ASSERT_FALSE(when) << text;
        EXPECT_NE(when.error().message.find("is not a time; examples: "), std::string::npos);
    }
    EXPECT_EQ(meant("2026-02-30"), "\"2026-02-30\": there is no such time");
}

}  // namespace
}  // namespace st
