#include "clock/timeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace st::clock {
namespace {

std::vector<std::uint64_t> every(std::uint64_t step, std::size_t count,
                                 std::uint64_t start = 1'000'000) {
    std::vector<std::uint64_t> times;
    for (std::size_t i = 0; i < count; ++i) times.push_back(start + i * step);
    return times;
}

DisplayTimes plan(const std::vector<std::uint64_t>& times,
                  const std::vector<std::uint64_t>& arrival_ns = {}) {
    return plan_device_times({times, 1000}, {arrival_ns, 1'000'000'000}, {});
}

TEST(PlanTimes, a_sound_clock_is_kept_to_the_tick_wherever_it_begins) {
    for (const std::uint64_t start :
         {std::uint64_t{0}, std::uint64_t{1'767'225'600'000}, UINT64_MAX - 150}) {
        const auto out = plan(every(33, 10, start));
        EXPECT_EQ(out.repairs, 0U);
        EXPECT_EQ(out.median_ticks, 33 * 90);
        for (std::int64_t i = 0; i < 10; ++i)
            EXPECT_EQ(out.ticks[static_cast<std::size_t>(i)], i * 33 * 90);
    }
}

TEST(PlanTimes, a_repeated_time_moves_by_one_tick) {
    const auto out = plan({100, 133, 133, 200});
    EXPECT_EQ(out.ticks, (std::vector<std::int64_t>{0, 2970, 2971, 9000}));
    EXPECT_EQ(out.repairs, 1U);
}

TEST(PlanTimes, one_step_back_is_clamped_and_the_next_is_exact) {
    const auto out = plan({100, 133, 120, 166, 199});
    EXPECT_EQ(out.ticks, (std::vector<std::int64_t>{0, 2970, 2971, 5940, 8910}));
    EXPECT_EQ(out.repairs, 1U);
}

TEST(PlanTimes, one_time_far_off_lands_between_its_neighbours) {
    for (const std::uint64_t wrong : {std::uint64_t{0}, std::uint64_t{900'000'000}, UINT64_MAX}) {
        auto times = every(40, 6);
        times[3] = wrong;
        const auto out = plan(times);
        EXPECT_EQ(out.repairs, 1U);
        EXPECT_EQ(out.ticks[2], 7200);
        EXPECT_EQ(out.ticks[3], 10'800) << "half of the 80 ms there are";
        EXPECT_EQ(out.ticks[4], 14'400);
    }
}

TEST(PlanTimes, a_clock_set_back_goes_on_with_the_median) {
    auto times = every(40, 5);
    for (const auto time : every(40, 5, 500)) times.push_back(time);
    const auto out = plan(times);
    EXPECT_EQ(out.repairs, 1U);
    for (std::int64_t i = 0; i < 10; ++i)
        EXPECT_EQ(out.ticks[static_cast<std::size_t>(i)], i * 3600);
}

TEST(PlanTimes, a_clock_that_jumps_goes_on_with_the_arrival_step) {
    auto times = every(40, 5);
    for (const auto time : every(40, 5, 900'000'000)) times.push_back(time);
    auto arrival = every(40'000'000, 10);
    for (std::size_t i = 5; i < 10; ++i) arrival[i] += 460'000'000;
    const auto out = plan(times, arrival);
    EXPECT_EQ(out.repairs, 1U);
    EXPECT_EQ(out.ticks[5] - out.ticks[4], 500 * 90);
    EXPECT_EQ(out.ticks[6] - out.ticks[5], 40 * 90);
}

TEST(PlanTimes, a_wrong_first_time_costs_one_repair) {
    auto times = every(40, 5, 5'000'000);
    times[0] = 0;
    const auto out = plan(times);
    EXPECT_EQ(out.repairs, 1U);
    EXPECT_EQ(out.ticks[4], 4 * 3600);
}

/// 60 pictures `step_ms` apart, and their arrivals 3 to 11 ms later.
struct Capture {
    std::vector<std::uint64_t> device_ms;
    std::vector<std::uint64_t> arrival_ns;

    explicit Capture(std::uint64_t step_ms = 40)
        : device_ms(every(step_ms, 60, 5'000'000)), arrival_ns(every(step_ms * 1'000'000, 60)) {
        for (std::size_t i = 0; i < 60; ++i) arrival_ns[i] += (3 + i * 7 % 9) * 1'000'000;
    }
    std::int64_t length_ms(std::int64_t* doubt_us = nullptr) const {
        const DisplayTimes out = plan(device_ms, arrival_ns);
        if (doubt_us != nullptr) *doubt_us = out.doubt_us;
        return out.ticks.back() / 90;
    }
};

TEST(PlanTimes, a_small_step_of_the_clock_that_no_arrival_shows_is_none) {
    for (const std::uint64_t by : {80U, 200U, 450U}) {
        for (const std::size_t at : {20U, 58U, 59U}) {
            Capture ahead;
            for (std::size_t i = at; i < 60; ++i) ahead.device_ms[i] += by;
            EXPECT_NEAR(static_cast<double>(ahead.length_ms()), 59 * 40, 15) << by << " " << at;
        }
        Capture three_behind;
        for (std::size_t i = 20; i < 23; ++i) three_behind.device_ms[i] -= by;
        EXPECT_NEAR(static_cast<double>(three_behind.length_ms()), 59 * 40, 15) << by;
        Capture first;  // one arrival does not show what the least delay is
        first.device_ms[0] -= by;
        std::int64_t doubt_us = 0;
        first.length_ms(&doubt_us);
        EXPECT_NEAR(static_cast<double>(doubt_us), static_cast<double>(by * 1000), 15'000);
    }
}

TEST(PlanTimes, a_step_back_of_less_than_a_picture_is_none_either) {
    for (const std::uint64_t by : {60U, 99U, 100U}) {
        Capture set_back(100);
        for (std::size_t i = 20; i < 60; ++i) set_back.device_ms[i] -= by;
        std::int64_t doubt_us = 0;
        EXPECT_NEAR(static_cast<double>(set_back.length_ms(&doubt_us)), 59 * 100, 15) << by;
        EXPECT_EQ(doubt_us, 0) << by;
        Capture late(100);  // too few pictures to tell
        for (std::size_t i = 55; i < 60; ++i) late.device_ms[i] -= by;
        late.length_ms(&doubt_us);
        EXPECT_NEAR(static_cast<double>(doubt_us), static_cast<double>(by * 1000), 15'000) << by;
    }
    Capture slow(10'000);
    for (std::size_t i = 20; i < 60; ++i) slow.device_ms[i] -= 4'000;
    EXPECT_NEAR(static_cast<double>(slow.length_ms()), 59 * 10'000, 15);
}

TEST(PlanTimes, a_network_that_becomes_slower_is_no_step_back) {
    for (const std::uint64_t by : {60U, 99U, 300U}) {
        for (const std::uint64_t uneven : {0U, 30U}) {
            Capture slower(100);
            for (std::size_t i = 20; i < 60; ++i) slower.arrival_ns[i] += by * 1'000'000;
            for (std::size_t i = 1; i < 60; i += 2) {
                slower.device_ms[i] -= uneven;
                slower.arrival_ns[i] -= uneven * 1'000'000;
            }
            const DisplayTimes out = plan(slower.device_ms, slower.arrival_ns);
            EXPECT_EQ(out.repairs, 0U) << by << " " << uneven;
            EXPECT_EQ(out.doubt_us, 0) << by << " " << uneven;
        }
    }
}

TEST(PlanTimes, a_small_pause_before_which_the_network_was_late_is_one) {
    for (const std::uint64_t by : {80U, 200U, 450U}) {
        Capture late;
        for (std::size_t i = 20; i < 60; ++i) {
            late.device_ms[i] += by;
            late.arrival_ns[i] += by * 1'000'000;
        }
        late.arrival_ns[19] += by * 1'000'000;  // comes right before the one after the pause
        EXPECT_EQ(late.length_ms(), static_cast<std::int64_t>(59 * 40 + by)) << by;
        // All that follows is late as well: the queue in between is full all the time.
        Capture full;
        for (std::size_t i = 10; i < 60; ++i) full.arrival_ns[i] += 600'000'000;
        for (std::size_t i = 20; i < 60; ++i) full.device_ms[i] += by;
        EXPECT_EQ(full.length_ms(), static_cast<std::int64_t>(59 * 40 + by)) << by;
    }
}

/// The network falls behind, the camera pauses, and what waits comes in meanwhile: the step of its
/// clock is longer than that of the arrivals.
TEST(PlanTimes, a_pause_in_which_a_late_network_catches_up_is_one) {
    for (const double behind_s : {0.8, 1.4, 3.0}) {
        for (const double pause_s : {1.0, 2.0, 6.0}) {
            std::vector<std::uint64_t> device;
            std::vector<std::uint64_t> arrivals;
            double taken_s = 1;
            double came_s = 0;
            for (int i = 0; i < 200; ++i) {
                if (i == 120) taken_s += pause_s;
                // From second 2 to 4 each picture comes later; behind the pause all is as before.
                const double late_s =
                    i < 60 || i >= 120 ? 0 : std::min(behind_s, behind_s * (i - 60) / 60);
                came_s = std::max(came_s + 0.0005, taken_s + late_s);
                device.push_back(static_cast<std::uint64_t>(std::llround(taken_s * 1000)));
                arrivals.push_back(static_cast<std::uint64_t>(std::llround(came_s * 1e9)));
                taken_s += 1.0 / 30;
            }
            const auto out = plan(device, arrivals);
            EXPECT_EQ(out.repairs, 0U) << behind_s << " " << pause_s;
            for (std::size_t i = 0; i < device.size(); ++i) {
                ASSERT_EQ(out.ticks[i], static_cast<std::int64_t>(device[i] - device[0]) * 90)
                    << behind_s << " " << pause_s << " " << i;
            }
        }
    }
}

TEST(PlanTimes, always_rises_from_zero_whatever_the_clock_says) {
    std::mt19937_64 random(11);
    for (int round = 0; round < 300; ++round) {
        std::vector<std::uint64_t> times(1 + random() % 60);
        std::vector<std::uint64_t> arrival(times.size());
        std::uint64_t now = random();
        for (std::size_t i = 0; i < times.size(); ++i) {
            now += random() % 50;
            times[i] = random() % 4 == 0 ? random() >> random() % 64 : now;
            arrival[i] = random() % 5 == 0 ? random() : i * 1000;
        }
        const auto out = plan(times, arrival);
        ASSERT_EQ(out.ticks.size(), times.size());
        EXPECT_EQ(out.ticks[0], 0);
        for (std::size_t i = 1; i < out.ticks.size(); ++i) {
            EXPECT_GT(out.ticks[i], out.ticks[i - 1]);
            EXPECT_LE(out.ticks[i] - out.ticks[i - 1], std::int64_t{1} << 31);
        }
        EXPECT_GE(out.median_ticks, 1);
    }
}

TEST(PlanTimes, nothing_gives_nothing) {
    EXPECT_TRUE(plan({}).ticks.empty());
    EXPECT_EQ(plan({5}).ticks, std::vector<std::int64_t>{0});
    EXPECT_EQ(plan({5}).median_ticks, 9000) << "a tenth of a second when nothing is known";
}

TEST(ConstantTimes, do_not_drift) {
    const auto out = constant_times(30'001, 30'000.0 / 1001);
    EXPECT_EQ(out.ticks[30'000], 30'000 * 3003LL);
    EXPECT_EQ(out.ticks[1], 3003);
}

TEST(IsTrustworthy, one_repair_or_two_per_cent) {
    EXPECT_TRUE(is_trustworthy(1, 3));
    EXPECT_FALSE(is_trustworthy(2, 99));
    EXPECT_TRUE(is_trustworthy(2, 100));
    EXPECT_FALSE(is_trustworthy(3, 149));
}

}  // namespace
}  // namespace st::clock
