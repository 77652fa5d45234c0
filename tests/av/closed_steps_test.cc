#include "av/closed_steps.h"

#include <gtest/gtest.h>

namespace st::av {
namespace {

constexpr std::int64_t kHourUs = 3'600'000'000;

/// `count` packets of a track, and the time of the last one as it is passed on.
std::int64_t play(ClosedSteps& steps, std::size_t track, std::int64_t from_us,
                  std::int64_t interval_us, int count) {
    std::int64_t last_us = 0;
    for (int i = 0; i < count; ++i) {
        const std::int64_t us = from_us + i * interval_us;
        last_us = us + steps.shift_us(track, us);
    }
    return last_us;
}

TEST(ClosedSteps, leaves_times_alone_that_go_on_or_are_in_disorder) {
    ClosedSteps steps;
    for (const std::int64_t us : {0LL, 40'000LL, 20'000LL, 80'000LL, 9'000'000'000LL}) {
        EXPECT_EQ(steps.shift_us(0, us), 0) << us;
    }
}

TEST(ClosedSteps, goes_on_an_interval_after_the_last_picture) {
    ClosedSteps steps;
    EXPECT_EQ(play(steps, 0, kHourUs, 40'000, 100), kHourUs + 3'960'000);
    EXPECT_EQ(play(steps, 0, 0, 40'000, 100), kHourUs + 4'000'000 + 3'960'000);
}

TEST(ClosedSteps, keeps_both_tracks_of_a_clip_that_is_sent_again_together) {
    ClosedSteps steps;
    for (int round = 0; round < 100; ++round) {
        play(steps, 0, 1'400'000, 40'000, 100);
        play(steps, 1, 1'380'000, 21'333, 187);
        EXPECT_EQ(steps.shift_us(0, 5'360'000), steps.shift_us(1, 5'347'938)) << round;
        EXPECT_EQ(steps.shift_us(0, 5'360'000), 4'000'000 * round);
    }
}

TEST(ClosedSteps, moves_one_track_alone_whose_clock_alone_steps_back) {
    ClosedSteps steps;
    play(steps, 0, kHourUs, 40'000, 10);
    play(steps, 1, kHourUs, 20'000, 20);
    EXPECT_EQ(play(steps, 0, 0, 40'000, 10), kHourUs + 760'000);
    EXPECT_EQ(play(steps, 1, kHourUs + 400'000, 20'000, 20), kHourUs + 780'000);
    EXPECT_EQ(play(steps, 0, 400'000, 40'000, 10), kHourUs + 1'160'000) << "once";
}

}  // namespace
}  // namespace st::av
