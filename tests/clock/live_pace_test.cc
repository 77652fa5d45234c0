#include "clock/live_pace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace st::clock {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

/// How long the last of `seconds` takes on the line of a camera of 30 fps whose clock runs at
/// `pace`, in ms. 1000: right.
std::int64_t last_second_ms(LivePace& judged, double pace, int seconds) {
    std::int64_t before_ms = 0;
    std::int64_t last_ms = 0;
    for (int n = 0; n <= seconds * 30; ++n) {
        const std::int64_t now_ms = 5'000 + n * 1000LL / 30;
        last_ms = judged.map(777 + std::llround(pace * static_cast<double>(now_ms)),
                             now_ms * kNsPerMs, 5'000 * kNsPerMs);
        if (n == (seconds - 1) * 30) before_ms = last_ms;
    }
    return last_ms - before_ms;
}

TEST(LivePace, a_camera_has_no_other_pace_than_its_pictures_come_with) {
    for (const double pace :
         {1000.0, 90.0, 1e6, 10.0, 4.0, 2.0, 1.5, 1.25, 1.1, 0.9, 0.5, 0.1, 0.001}) {
        LivePace judged(true);
        EXPECT_NEAR(static_cast<double>(last_second_ms(judged, pace, 25)), 1000, 40) << pace;
    }
    // The camera's own crystal, not the network's.
    LivePace judged(true);
    EXPECT_NEAR(static_cast<double>(last_second_ms(judged, 1.02, 25)), 1020, 2);
}

TEST(LivePace, of_another_publisher_a_file_that_is_sent_too_fast_keeps_its_times) {
    for (const double pace : {0.5, 1.1, 2.0, 5.0}) {
        LivePace judged;
        EXPECT_NEAR(static_cast<double>(last_second_ms(judged, pace, 25)), 1000 * pace, 5) << pace;
    }
    for (const double pace : {1000.0, 90.0, 10.0, 0.1, 0.001}) {
        LivePace judged;
        EXPECT_NEAR(static_cast<double>(last_second_ms(judged, pace, 25)), 1000, 40) << pace;
    }
}

TEST(LivePace, pictures_that_the_network_held_back_say_nothing_of_the_camera) {
    for (const int held : {15, 45, 90}) {  // all of the first so many come at once
        LivePace judged(true);
        for (int n = 0; n < 900; ++n) {
            const std::int64_t now_ms = std::max(n, held) * 1000LL / 30;
            EXPECT_EQ(judged.map(n * 33, now_ms * kNsPerMs + n, held * 1000LL / 30 * kNsPerMs),
                      n * 33);
        }
    }
}

}  // namespace
}  // namespace st::clock
