#include "clock/pace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace st::clock {
namespace {

/// 300 pictures `step_ms` apart by the device's clock, of which one comes each `arrival_ms`.
Pace judged(double step_ms, double arrival_ms, double said_fps) {
    std::vector<std::uint64_t> device;
    std::vector<std::uint64_t> arrivals;
    for (int n = 0; n < 300; ++n) {
        device.push_back(static_cast<std::uint64_t>(std::llround(1'000'000 + n * step_ms)));
        arrivals.push_back(static_cast<std::uint64_t>(
            std::llround((5'000 + n * arrival_ms + n * 7 % 5) * 1'000'000)));
    }
    return judge_pace({{device, 1000}, {arrivals, 1'000'000'000}, {}, false, said_fps});
}

TEST(Pace, pictures_that_come_faster_than_their_headers_and_times_say_are_sent_from_a_file) {
    for (const double speed : {1.2, 2.0, 4.0, 7.0}) {
        const Pace pace = judged(1000.0 / 30, 1000.0 / 30 / speed, 30);
        EXPECT_FALSE(pace.is_paced) << speed;
        EXPECT_FALSE(pace.is_off) << speed;
        EXPECT_EQ(pace.warning, "") << speed;
    }
}

TEST(Pace, a_file_that_a_busy_machine_sends_with_stops_is_still_one) {
    std::mt19937 random(1);
    std::uniform_real_distribution<double> any(0, 1);
    for (int round = 0; round < 500; ++round) {
        std::vector<std::uint64_t> device;
        std::vector<std::uint64_t> arrivals;
        double came_ms = 0;
        for (std::size_t i = 0; i < 90; ++i) {
            device.push_back(1000 + 1000 * i / 30);
            came_ms += any(random) < 0.08 ? 200 * any(random) : 0.5;
            arrivals.push_back(static_cast<std::uint64_t>(std::llround(came_ms * 1e6)));
        }
        const Pace pace = judge_pace({{device, 1000}, {arrivals, 1'000'000'000}, {}, false, 30});
        EXPECT_EQ(pace.warning, "") << round;
    }
}

/// 300 pictures at 30 a second, of which every 15th is a key frame and large, over a line that
/// takes `share` of what the camera gives; or, `clock_pace` below 1, a slow clock and a good line.
Pace judged_over_a_line(double share, double clock_pace) {
    std::mt19937 random(7);
    std::uniform_real_distribution<double> any(0.7, 1.3);
    std::exponential_distribution<double> jitter(1 / 0.004);
    std::vector<std::uint64_t> device;
    std::vector<std::uint64_t> arrivals;
    std::vector<std::uint32_t> bytes;
    const double mean = (14 * 4'000.0 + 40'000) / 15;
    double free_at = 0;
    for (int i = 0; i < 300; ++i) {
        const double taken = i / 30.0;
        bytes.push_back(static_cast<std::uint32_t>((i % 15 == 0 ? 40'000 : 4'000) * any(random)));
        free_at = std::max(free_at, taken + jitter(random)) + bytes.back() / (mean * 30 * share);
        device.push_back(static_cast<std::uint64_t>(std::llround(1e6 * taken * clock_pace)));
        arrivals.push_back(static_cast<std::uint64_t>(std::llround(free_at * 1e9)));
    }
    return judge_pace({{device, 1'000'000}, {arrivals, 1'000'000'000}, bytes, false, 0}, 1000);
}

TEST(Pace, a_line_that_takes_less_than_the_camera_gives_is_no_slow_clock) {
    for (const double share : {0.95, 0.9, 0.8, 0.6, 0.4}) {
        const Pace pace = judged_over_a_line(share, 1);
        EXPECT_FALSE(pace.is_off) << share;
        EXPECT_EQ(pace.warning, "") << share;
    }
    for (const double clock_pace : {0.9, 0.8, 0.5, 0.1}) {
        const Pace pace = judged_over_a_line(20, clock_pace);
        EXPECT_TRUE(pace.is_paced && pace.is_off) << clock_pace;
    }
}

TEST(Pace, a_clock_that_runs_too_fast_is_not_as_the_headers_say) {
    for (const double factor : {1.2, 2.0, 10.0}) {
        for (const double said_fps : {0.0, 15.0, 30.0}) {
            if (factor == 2 && said_fps == 15) continue;  // as if it were sent from a file
            const Pace pace = judged(1000.0 / 30 * factor, 1000.0 / 30, said_fps);
            EXPECT_TRUE(pace.is_paced && pace.is_off) << factor << " " << said_fps;
        }
    }
}

TEST(Pace, a_camera_that_takes_fewer_pictures_than_its_headers_say_is_no_file) {
    // Its clock is at half the pace, which makes its times those of the headers.
    const Pace pace = judged(1000.0 / 30, 1000.0 / 15, 30);
    EXPECT_TRUE(pace.is_paced && pace.is_off);
    const Pace right = judged(1000.0 / 15, 1000.0 / 15, 30);
    EXPECT_TRUE(right.is_paced && !right.is_off);
}

/// A camera's, whose network failed from second 3 on for `away_s`; then what was kept comes at
/// `speed` times its pace until all has come.
Pace judged_behind_a_gap(double away_s, double speed) {
    std::vector<std::uint64_t> device;
    std::vector<std::uint64_t> arrivals;
    for (double taken_s = 0; taken_s < 3 * away_s; taken_s += 1.0 / 30) {
        const double kept_until_s = 3 + away_s + (taken_s - 3) / speed;
        const double came_s = taken_s < 3 ? taken_s : std::max(taken_s, kept_until_s);
        device.push_back(static_cast<std::uint64_t>(std::llround(taken_s * 1000)));
        arrivals.push_back(static_cast<std::uint64_t>(std::llround((5 + came_s) * 1e9)));
    }
    return judge_pace({{device, 1000}, {arrivals, 1'000'000'000}, {}, false, 0});
}

TEST(Pace, what_came_late_and_at_once_says_nothing_against_the_clock) {
    for (const double away_s : {12.0, 28.0, 60.0}) {
        for (const double speed : {2.0, 5.0, 50.0}) {
            const Pace pace = judged_behind_a_gap(away_s, speed);
            EXPECT_FALSE(pace.is_off) << away_s << " " << speed << " " << pace.warning;
            EXPECT_FALSE(pace.is_other_unit) << away_s << " " << speed;
        }
    }
}

}  // namespace
}  // namespace st::clock
