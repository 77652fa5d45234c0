#include "media/clock_fit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace st::media {
namespace {

/// An hour of pictures through a network: 5 ms at least, usually a little more, bursts of up to 3
/// s.
ClockFit observe(double drift_ppm, std::int64_t offset_us, unsigned seed,
                 std::int64_t minutes = 60) {
    std::mt19937 random(seed);
    std::exponential_distribution<double> jitter(1.0 / 8000);
    ClockFit fit;
    std::int64_t burst_until = 0;
    for (std::int64_t device = 0; device < minutes * 60'000'000; device += 33'333) {
        const auto sent =
            static_cast<std::int64_t>(static_cast<double>(device) * (1 + drift_ppm / 1e6)) +
            offset_us;
        if (random() % 2000 == 0) burst_until = sent + 3'000'000;
        const auto arrival =
            std::max(sent + 5000 + static_cast<std::int64_t>(jitter(random)), burst_until);
        // Cameras say milliseconds.
        fit.add((device + 77'000'000) / 1000 * 1000, arrival);
    }
    return fit;
}

TEST(ClockFit, finds_the_drift_whatever_the_network_does) {
    unsigned seed = 1;
    for (const double drift : {-80.0, -3.0, 0.0, 12.0, 150.0}) {
        const auto line = observe(drift, 9'000'000, seed++).line();
        ASSERT_TRUE(line);
        EXPECT_NEAR(line->drift_ppm, drift, 1.0);
        // 5 ms is the least the network takes; cut milliseconds add up to one.
        EXPECT_NEAR(line->offset_us, 9'000'000 - 77'000'000 + 5000, 2000);
        EXPECT_GT(line->spread_us, 5000);
    }
}

TEST(ClockFit, a_few_seconds_give_an_offset) {
    const auto line = observe(0, 1'000'000, 9, 1).line();
    ASSERT_TRUE(line);
    EXPECT_NEAR(line->offset_us, 1'000'000 - 77'000'000 + 5000, 4000);
}

TEST(ClockFit, says_nothing_about_too_little) {
    ClockFit few;
    for (std::int64_t i = 0; i < 19; ++i) few.add(i * 1'000'000, i * 1'000'000);
    EXPECT_FALSE(few.line());
    ClockFit brief;
    for (std::int64_t i = 0; i < 100; ++i) brief.add(i * 1000, i * 1000);
    EXPECT_FALSE(brief.line());
    EXPECT_FALSE(ClockFit().line());
}

TEST(ClockFit, leaves_out_times_that_do_not_rise) {
    ClockFit fit;
    for (std::int64_t i = 0; i < 100; ++i) {
        fit.add(i * 40'000, i * 40'000 + 500);
        fit.add(0, i * 40'000 + 500);
    }
    const auto line = fit.line();
    ASSERT_TRUE(line);
    EXPECT_NEAR(line->drift_ppm, 0, 0.001);
    EXPECT_NEAR(line->offset_us, 500, 0.001);
}

}  // namespace
}  // namespace st::media
