#include "archive/clock_guard.h"

#include <gtest/gtest.h>

namespace st::archive {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kHourUs = 3'600 * kSecondUs;
constexpr std::int64_t kDayUs = 24 * kHourUs;
constexpr std::int64_t kNowUs = 100 * kDayUs;
constexpr std::int64_t kBootUs = 3 * kDayUs;

/// The clock as a guard is asked: first how long ago the first time, then how far it was set since.
struct Clock {
    ClockGuard guard;
    std::string at(std::int64_t after_us, std::int64_t set_us,
                   std::optional<std::int64_t> newest_us) {
        return guard.doubt(kNowUs + after_us + set_us, kBootUs + after_us, newest_us);
    }
};

TEST(ClockGuard, doubts_a_clock_that_was_set_back_behind_what_is_stored_for_one_hour) {
    Clock clock;
    const std::int64_t newest_us = kNowUs;
    EXPECT_EQ(clock.at(0, 0, newest_us), "");
    const std::string why = "the clock was set back by 2 d: nothing is deleted by age for an hour";
    for (const std::int64_t after_us : {10 * kSecondUs, kHourUs / 2, kHourUs})
        EXPECT_EQ(clock.at(after_us, -2 * kDayUs, newest_us), why) << after_us;
    EXPECT_EQ(clock.at(10 * kSecondUs + kHourUs, -2 * kDayUs, newest_us), "");
    EXPECT_EQ(clock.at(3 * kHourUs, -2 * kDayUs, newest_us), "");
}

TEST(ClockGuard, doubts_a_clock_for_an_hour_from_when_something_ahead_of_it_was_seen) {
    Clock clock;
    EXPECT_EQ(clock.at(0, 0, kNowUs), "");
    EXPECT_EQ(clock.at(10 * kSecondUs, -kDayUs, std::nullopt).substr(0, 13), "the clock was");
    // Half of the hour later somebody puts something of tomorrow there.
    const std::int64_t seen_us = kHourUs / 2;
    EXPECT_NE(clock.at(seen_us, -kDayUs, kNowUs), "");
    EXPECT_EQ(clock.at(10 * kSecondUs + kHourUs, -kDayUs, kNowUs).substr(0, 10), "the newest");
    EXPECT_NE(clock.at(seen_us + kHourUs - kSecondUs, -kDayUs, kNowUs), "");
    EXPECT_EQ(clock.at(seen_us + kHourUs, -kDayUs, kNowUs), "");
}

TEST(ClockGuard, begins_anew_with_what_is_ahead_once_the_clock_has_got_there) {
    Clock clock;
    EXPECT_NE(clock.at(0, 0, kNowUs + kHourUs), "");
    EXPECT_EQ(clock.at(kHourUs, 0, kNowUs + kHourUs), "");
    EXPECT_NE(clock.at(2 * kHourUs, 0, kNowUs + kDayUs), "");
    EXPECT_EQ(clock.at(3 * kHourUs, 0, kNowUs + kDayUs), "");
}

}  // namespace
}  // namespace st::archive
