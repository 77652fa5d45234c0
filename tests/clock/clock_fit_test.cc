#include "clock/clock_fit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace st::clock {
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

struct Network {
    std::string name;
    std::function<double(std::mt19937&)> delay_us;  ///< beyond the least one
};

std::vector<Network> networks() {
    return {
        {"quick", [](auto& r) { return std::exponential_distribution<>(1.0 / 300)(r); }},
        {"slow", [](auto& r) { return std::exponential_distribution<>(1.0 / 30'000)(r); }},
        {"uniform", [](auto& r) { return std::uniform_real_distribution<>(0, 20'000)(r); }},
        {"humped", [](auto& r) { return std::gamma_distribution<>(3, 4000)(r); }},
        {"normal", [](auto& r) { return std::abs(std::normal_distribution<>(9000, 4000)(r)); }},
        {"long tail", [](auto& r) { return 500 * std::exp(std::normal_distribution<>(0, 2)(r)); }},
        {"two ways",
         [](auto& r) { return (r() % 4 == 0 ? 60'000.0 : 0.0) + static_cast<double>(r() % 2000); }},
    };
}

struct Trial {
    double off_us;    ///< the line from the least delays, where it is farthest
    double error_us;  ///< as stated
};

/// A recording whose least delay is known: how far the line is off, and what it says of that.
Trial try_once(const Network& network, int pictures, double drift_ppm, unsigned seed,
               bool has_bursts) {
    std::mt19937 random(seed);
    std::vector<double> devices;
    std::vector<double> delays;
    double burst_until = 0;
    for (int i = 0; i < pictures; ++i) {
        const double device = i * 33'333.0 + static_cast<double>(random() % 8000);
        double delay = network.delay_us(random);
        if (has_bursts && random() % 300 == 0) burst_until = device + 2'000'000;
        delay = std::max(delay, burst_until - device);
        devices.push_back(device);
        delays.push_back(std::round(delay));
    }
    const double least = *std::ranges::min_element(delays);
    const auto sent = [&](double device) { return device * (1 + drift_ppm / 1e6) + 7e9; };
    ClockFit fit;
    for (std::size_t i = 0; i < devices.size(); ++i) {
        fit.add(static_cast<std::int64_t>(devices[i]),
                static_cast<std::int64_t>(sent(devices[i]) + delays[i]));
    }
    const ClockLine line = *fit.line_or_offset();
    Trial trial{0, line.error_us};
    for (const double device : {devices.front(), devices.back()}) {
        trial.off_us =
            std::max(trial.off_us, std::abs(line.server_us(device) - sent(device) - least));
    }
    return trial;
}

TEST(ClockFit, the_error_it_states_is_true) {
    unsigned seed = 1;
    int trials = 0;
    double worst = 0;
    for (const Network& network : networks()) {
        for (const int pictures : {1, 2, 5, 19, 61, 150, 900, 9000}) {
            for (int round = 0; round < (pictures > 1000 ? 8 : 60); ++round) {
                const double drift = static_cast<double>(seed % 301) - 150;
                const Trial trial = try_once(network, pictures, drift, ++seed, round % 3 == 0);
                EXPECT_LE(trial.off_us, trial.error_us + 2)
                    << network.name << ", " << pictures << " pictures, seed " << seed;
                worst = std::max(worst, trial.off_us / (trial.error_us + 2));
                ++trials;
            }
        }
    }
    EXPECT_GT(trials, 2500);
    EXPECT_GT(worst, 0.2) << "so wide that it says nothing";
}

TEST(ClockFit, the_error_is_small_where_there_is_much_to_learn_from) {
    const Network wifi{"wifi",
                       [](auto& r) { return std::exponential_distribution<>(1.0 / 8000)(r); }};
    EXPECT_LT(try_once(wifi, 300, 40, 5, false).error_us, 8000);     // 10 s
    EXPECT_LT(try_once(wifi, 9000, 40, 6, false).error_us, 3000);    // 5 minutes
    EXPECT_LT(try_once(wifi, 108'000, 40, 7, true).error_us, 5000);  // an hour
}

/// 25 pictures a second over a network that adds up to 4 ms; `device_of` is the camera's clock at a
/// time, both us.
struct Uneven {
    std::optional<ClockLine> line;
    double off_us = 0;  ///< the line from when the pictures were taken, where it is farthest
};

Uneven lay_along(int seconds, const std::function<double(double)>& device_of,
                 const std::function<double(double)>& held_until = {}) {
    std::mt19937 random(11);
    std::vector<std::pair<double, double>> pictures;
    ClockFit fit;
    double last = 0;
    double device_last = -1;
    for (int i = 0; i < seconds * 25; ++i) {
        const double taken = i * 40'000.0;
        double arrival = taken + static_cast<double>(random() % 4000);
        if (held_until) arrival = std::max(arrival, held_until(taken));
        last = std::max(last, arrival);
        if (device_of(taken) <= device_last) continue;  // begins a line of its own
        device_last = device_of(taken);
        pictures.emplace_back(device_of(taken), taken);
        fit.add(static_cast<std::int64_t>(device_of(taken)), static_cast<std::int64_t>(last));
    }
    Uneven uneven{fit.line_or_offset()};
    for (const auto& [device, taken] : pictures)
        uneven.off_us = std::max(uneven.off_us, std::abs(uneven.line->server_us(device) - taken));
    return uneven;
}

TEST(ClockFit, a_drift_beyond_all_measure_is_not_known) {
    for (const double ppm : {20'000.0, -5'000.0, 2'500.0}) {
        for (const int seconds : {10, 60, 600}) {
            const Uneven uneven = lay_along(seconds, [&](double t) { return t / (1 + ppm / 1e6); });
            EXPECT_FALSE(uneven.line->is_drift_known) << ppm << " " << seconds;
            if (uneven.line->is_bounded) {
                EXPECT_LE(uneven.off_us, uneven.line->error_us) << ppm << " " << seconds;
            } else {
                EXPECT_GT(uneven.off_us, 1000) << ppm << " " << seconds;
            }
            if (seconds == 600) {
                EXPECT_FALSE(uneven.line->is_bounded) << ppm;
            }
        }
    }
    const Uneven fast = lay_along(600, [&](double t) { return t / (1 + 1'500.0 / 1e6); });
    EXPECT_TRUE(fast.line->is_drift_known);
    EXPECT_LT(fast.line->error_us, 5000);
}

TEST(ClockFit, a_clock_that_jumped_is_in_the_error_or_the_error_is_open) {
    int bounded = 0;
    for (const double jump : {3e6, -3e6, 300e3, -50e3}) {
        for (const int seconds : {20, 120, 3600, 20'000}) {
            for (const double where : {0.1, 0.5, 0.9}) {
                const Uneven uneven = lay_along(seconds, [&](double t) {
                    return t + 1e9 + (t > where * seconds * 1e6 ? jump : 0);
                });
                if (!uneven.line->is_bounded) continue;
                ++bounded;
                EXPECT_LE(uneven.off_us, uneven.line->error_us)
                    << jump << " at " << where << " of " << seconds;
            }
        }
    }
    EXPECT_GT(bounded, 10);
}

TEST(ClockFit, stalls_do_not_widen_the_error) {
    const auto even = [](double t) { return t + 5e9; };
    // Every ten seconds nothing comes through for 0.9 or 2.5 s; then all of it at once.
    for (const double stall : {0.9e6, 2.5e6}) {
        const Uneven uneven = lay_along(120, even, [&](double t) {
            const double begin = std::floor(t / 10e6) * 10e6 + 3.3e6;
            return t > begin && t < begin + stall ? begin + stall : 0;
        });
        EXPECT_TRUE(uneven.line->is_drift_known);
        EXPECT_LE(uneven.off_us, uneven.line->error_us);
        EXPECT_LT(uneven.line->error_us, stall / 100) << stall;
    }
}

}  // namespace
}  // namespace st::clock
