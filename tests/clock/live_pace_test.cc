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

TEST(LivePace, a_camera_that_sends_a_file_faster_than_it_took_it_keeps_the_times) {
    for (const double pace : {1.1, 1.5, 2.0, 4.0, 8.0}) {
        LivePace file(true);
        file.expect(1000.0 / 30 * pace);
        EXPECT_NEAR(static_cast<double>(last_second_ms(file, pace, 25)), 1000 * pace, 10) << pace;
        EXPECT_TRUE(file.may_be_ahead());
        LivePace wrong_clock(true);
        wrong_clock.expect(1000.0 / 30);
        EXPECT_NEAR(static_cast<double>(last_second_ms(wrong_clock, pace, 25)), 1000, 40) << pace;
        EXPECT_FALSE(wrong_clock.may_be_ahead());
    }
}

TEST(LivePace, of_another_publisher_the_media_says_whether_a_file_is_sent_too_fast) {
    for (const double pace : {0.1, 0.5, 1.1, 2.0, 5.0, 10.0, 50.0}) {
        // 30 pictures a second come; of a file each says that it lasts as long as its times say.
        LivePace judged;
        judged.expect(1000.0 / 30 * pace);
        EXPECT_NEAR(static_cast<double>(last_second_ms(judged, pace, 25)), 1000 * pace, 60) << pace;
    }
}

TEST(LivePace, of_another_publisher_the_media_says_whether_the_clock_is_wrong) {
    for (const double pace : {1000.0, 90.0, 10.0, 3.0, 2.0, 1.25, 0.5, 0.25, 0.1, 0.001}) {
        LivePace judged;
        judged.expect(1000.0 / 30);
        EXPECT_NEAR(static_cast<double>(last_second_ms(judged, pace, 25)), 1000, 40) << pace;
    }
    LivePace right;
    right.expect(1000.0 / 30);
    EXPECT_NEAR(static_cast<double>(last_second_ms(right, 1, 25)), 1000, 2);
    EXPECT_FALSE(right.was_corrected());
}

TEST(LivePace, of_another_publisher_whose_media_says_nothing_of_use_even_arrivals_decide) {
    for (const double said : {0.0, 7.0}) {
        for (const double pace : {1000.0, 90.0, 10.0, 5.0, 2.0, 0.5, 0.1, 0.001}) {
            LivePace judged;
            judged.expect(said);
            EXPECT_NEAR(static_cast<double>(last_second_ms(judged, pace, 25)), 1000, 40) << pace;
        }
        for (const double pace : {0.8, 1.0, 1.1, 1.4}) {  // a relay that catches up, say
            LivePace judged;
            judged.expect(said);
            EXPECT_NEAR(static_cast<double>(last_second_ms(judged, pace, 25)), 1000 * pace, 5);
        }
    }
}

TEST(LivePace, a_file_sent_as_fast_as_the_line_takes_it_keeps_its_times) {
    for (const double said : {0.0, 1000.0 / 30}) {
        LivePace judged;
        judged.expect(said);
        std::int64_t now_ns = 0;
        for (int n = 0; n < 3000; ++n) {  // large pictures take longer: 5 ms, and 0.5 ms
            now_ns += n % 30 == 0 ? 5'000'000 : 500'000;
            EXPECT_EQ(judged.map(n * 1000LL / 30, now_ns, 0), n * 1000LL / 30);
        }
    }
}

TEST(LivePace, a_wrong_clock_is_put_right_also_where_the_first_packets_came_at_once) {
    for (const double pace : {0.5, 1.25, 2.0}) {
        LivePace judged;
        judged.expect(1000.0 / 30);
        std::int64_t before_ms = 0;
        std::int64_t last_ms = 0;
        for (int n = 0; n <= 25 * 30; ++n) {
            const double true_ms = n * 1000.0 / 30;
            const double now_ms = std::max(true_ms, 400.0) + n * 7 % 5;
            last_ms = judged.map(std::llround(pace * true_ms), std::llround(now_ms * 1e6), 0);
            if (n == 24 * 30) before_ms = last_ms;
        }
        EXPECT_NEAR(static_cast<double>(last_ms - before_ms), 1000, 40) << pace;
    }
}

TEST(LivePace, both_tracks_of_a_clock_at_double_speed_stay_together) {
    LivePace video;
    LivePace audio;
    video.expect(1000.0 / 30);
    audio.expect(1024 * 1000.0 / 44'100);
    std::int64_t video_ms = 0;
    std::int64_t audio_ms = 0;
    for (int n = 0; n < 30 * 600; ++n) {
        const double now_ms = n * 1000.0 / 30 + (n * 7 % 11);  // the network's unrest
        video_ms = video.map(std::llround(n * 2000.0 / 30), std::llround(now_ms * 1e6), 0);
    }
    for (int n = 0; n * 1024 < 44'100 * 600; ++n) {
        const double now_ms = n * 1024 * 1000.0 / 44'100 + (n * 5 % 13);
        audio_ms =
            audio.map(std::llround(n * 2048 * 1000.0 / 44'100), std::llround(now_ms * 1e6), 0);
    }
    EXPECT_NEAR(static_cast<double>(video_ms), 600'000, 60);
    EXPECT_NEAR(static_cast<double>(audio_ms), 600'000, 60);
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
