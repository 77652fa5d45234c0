#include "h264mux/moment.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "support/time_zone.h"

namespace st::h264mux {
namespace {

using std::chrono::milliseconds;

/// A recording of a minute and a half that began at 12:03:04 in Tokyo.
Span noon() { return {milliseconds(90'000), *parse_rfc3339("2026-11-29T03:03:04Z"), {}}; }

/// Milliseconds of the position, or why there is none.
std::string shown(std::string_view text, const Span& span, Edge edge = Edge::at) {
    const auto moment = parse_moment(text);
    if (!moment) return moment.error().message;
    const auto place = place_of(*moment, span, edge);
    return place ? std::to_string(place->position.count() / 1000) : place.error().message;
}

TEST(Moment, is_a_position_in_seconds_or_on_a_clock) {
    for (const auto& [text, ms] :
         std::vector<std::pair<std::string, std::string>>{{"0", "0"},
                                                          {"3", "3000"},
                                                          {"1.5", "1500"},
                                                          {"1.5s", "1500"},
                                                          {"250ms", "250"},
                                                          {"2m", "120000"},
                                                          {"01:30.250", "90250"},
                                                          {"1:30", "90000"},
                                                          {"75:00", "4500000"},
                                                          {"00:00:03", "3000"},
                                                          {"00:01:02.5", "62500"}}) {
        EXPECT_EQ(shown(text, noon()), ms) << text;
    }
}

TEST(Moment, of_three_parts_is_a_time_of_day_where_no_position_can_be_meant) {
    const TimeZone zone("JST-9");
    EXPECT_EQ(shown("12:03:04.250", noon()), "250");
    EXPECT_EQ(shown("12:04:00", noon()), "56000");
    EXPECT_EQ(shown("12:03:03", noon()),
              "12:03:03 is outside this recording: it was recorded from 2026-11-29 12:03:04 +09:00 "
              "to 2026-11-29 12:04:34 +09:00");
    // A recording long enough for the position.
    Span day = noon();
    day.duration = std::chrono::hours(13);
    EXPECT_EQ(shown("12:03:04", day), std::to_string((12 * 3600 + 3 * 60 + 4) * 1000));
}

TEST(Moment, of_a_recording_over_midnight_may_be_the_next_day) {
    const TimeZone zone("UTC0");
    const Span night{milliseconds(60'000), *parse_rfc3339("2026-11-29T23:59:30Z"), {}};
    EXPECT_EQ(shown("23:59:40", night), "10000");
    EXPECT_EQ(shown("2026-11-30T00:00:10Z", night), "40000");
    const Span long_night{std::chrono::hours(5), *parse_rfc3339("2026-11-29T18:00:00Z"), {}};
    EXPECT_EQ(shown("19:00:00.5", long_night), "3600500");
}

TEST(Moment, of_the_wall_clock_needs_a_recording_that_has_one) {
    EXPECT_EQ(shown("2026-11-29T12:03:04.250+09:00", noon()), "250");
    const Span bare{milliseconds(10'000), {}, {}};
    EXPECT_EQ(shown("2026-11-29T12:03:04Z", bare),
              "2026-11-29T12:03:04Z is a time of the wall clock, and this input has none: give the "
              "position, such as 1:30");
    EXPECT_EQ(shown("00:00:03", bare), "3000");
}

TEST(Moment, of_the_wall_clock_is_known_to_a_microsecond) {
    const TimeZone zone("JST-9");
    for (const char* text : {"2026-11-29T03:03:05.033367Z", "12:03:05.033367"}) {
        const auto place = place_of(*parse_moment(text), noon(), Edge::at);
        ASSERT_TRUE(place) << place.error().message;
        EXPECT_EQ(place->position.count(), 1'033'367) << text;
        EXPECT_EQ(place->wall_us, *noon().first_us + 1'033'367) << text;
    }
    EXPECT_FALSE(place_of(*parse_moment("1:00.5"), noon(), Edge::at)->wall_us) << "a position";
    Span slow = noon();  // a camera whose clock counted 90 s in 91
    slow.end_us = *slow.first_us + 91'000'000;
    EXPECT_TRUE(place_of(*parse_moment("12:04:34.5"), slow, Edge::at));
    EXPECT_FALSE(place_of(*parse_moment("12:04:35.5"), slow, Edge::at));
}

TEST(Moment, of_the_wall_clock_that_bounds_a_part_may_lie_outside_while_something_is_left) {
    const TimeZone zone("JST-9");
    for (const char* before : {"12:03:03", "2026-11-29T02:00:00Z"}) {
        EXPECT_EQ(shown(before, noon(), Edge::from), "0");
        EXPECT_NE(shown(before, noon(), Edge::to).find("is outside this recording"),
                  std::string::npos);
    }
    for (const char* behind : {"12:04:35", "2026-11-30T00:00:00Z"}) {
        EXPECT_EQ(shown(behind, noon(), Edge::to), "90000");
        EXPECT_NE(shown(behind, noon(), Edge::from).find("is outside this recording"),
                  std::string::npos);
    }
}

TEST(Moment, that_is_none_is_refused_with_examples) {
    for (const char* text : {"", "soon", "1:2:3:4", "1:60", "00:61:00", "1:", ":30", "1:30.", "-1",
                             "1:30.x", "2026-11-29", "12.30:00"}) {
        EXPECT_NE(shown(text, noon()).find("is not a time; examples: "), std::string::npos) << text;
    }
}

}  // namespace
}  // namespace st::h264mux
