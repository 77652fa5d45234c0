/// Pictures of a lamp, made up: with rolling shutter, exposure and noise, and a known truth.
#include "takes/flash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace st::takes {
namespace {

constexpr std::size_t kBands = 60;

struct Lamp {
    double period_us = 1'030'000;
    double lit_us = 4'000;
    /// How much of the light a row gets that is exposed from then on.
    double share(double begin_us, double exposure_us) const {
        const double first = std::floor((begin_us + exposure_us) / period_us) * period_us;
        if (first <= 0) return 0;
        const double lit =
            std::min(begin_us + exposure_us, first + lit_us) - std::max(begin_us, first);
        return std::clamp(lit / std::min(lit_us, exposure_us), 0.0, 1.0);
    }
};

struct Filmed {
    std::vector<std::int64_t> taken_us;
    std::vector<std::uint16_t> means;
    Readout readout;
    Brightness brightness() const { return {taken_us, means, kBands, readout}; }
};

struct Sensor {
    double fps = 30;
    double phase_us = 0;
    double readout_us = 20'000;
    double exposure_us = 8'000;
    double clock_off_us = 0;  ///< its stamps are so much too late
    double light = 90;        ///< levels of luma
};

Filmed film(const Lamp& lamp, const Sensor& sensor, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> noise(0, 0.5);
    Filmed out;
    out.readout = {sensor.readout_us, 0};
    for (int i = 0; i < 240; ++i) {
        const double begin = sensor.phase_us + i * 1e6 / sensor.fps;
        out.taken_us.push_back(std::llround(begin + sensor.clock_off_us));
        for (std::size_t band = 0; band < kBands; ++band) {
            const double row =
                begin + (static_cast<double>(band) + 0.5) / kBands * sensor.readout_us;
            const double level = 60 + 20 * std::sin(i / 20.0 + static_cast<double>(band) / 9) +
                                 sensor.light * lamp.share(row, sensor.exposure_us) + noise(random);
            out.means.push_back(static_cast<std::uint16_t>(std::clamp(level, 0.0, 255.0) * 256));
        }
    }
    return out;
}

TEST(Flash, is_found_at_the_row_at_which_the_light_went_off) {
    const Lamp lamp;
    unsigned in_view = 0;
    for (unsigned seed = 0; seed < 60; ++seed) {
        std::mt19937 random(seed);
        const auto between = [&](double least, double most) {
            return std::uniform_real_distribution<double>(least, most)(random);
        };
        const Sensor sensor{
            between(24, 60), between(0, 30'000), between(5'000, 15'000), between(1'000, 9'000), 0,
            between(30, 150)};
        const Filmed filmed = film(lamp, sensor, seed);
        const auto flashes = find_flashes(filmed.brightness());
        // Between two pictures a short flash may fall on no row at all.
        for (const Flash& flash : flashes) {
            const double went_off =
                std::round((flash.at_us - lamp.lit_us) / lamp.period_us) * lamp.period_us +
                lamp.lit_us;
            ASSERT_LE(std::abs(flash.at_us - went_off), flash.off_us + 1'000) << "seed " << seed;
            in_view += flash.off_us < 2'000 ? 1 : 0;
        }
    }
    EXPECT_GT(in_view, 100U);
}

TEST(Flash, of_a_steady_scene_is_none) {
    EXPECT_TRUE(find_flashes(film({.period_us = 1e12}, {}, 1).brightness()).empty());
    EXPECT_TRUE(find_flashes({}).empty());
}

TEST(Flash, agrees_with_clocks_that_are_right_within_three_milliseconds) {
    const Lamp lamp;
    std::vector<Witness> cameras;
    for (unsigned c = 0; c < 3; ++c) {
        const Sensor sensor{.fps = 30, .phase_us = 7'000.0 * c};
        cameras.push_back({find_flashes(film(lamp, sensor, c).brightness()), 500});
    }
    for (const FlashCheck& check : compare(cameras)) {
        EXPECT_GT(check.flashes, 3U);
        EXPECT_LT(std::abs(check.off_us), 3'000);
        EXPECT_FALSE(check.is_refuted()) << check.off_us << " of " << check.allowed_us;
    }
}

TEST(Flash, refutes_the_camera_whose_times_are_shifted) {
    const Lamp lamp;
    std::vector<Witness> cameras;
    for (unsigned c = 0; c < 3; ++c) {
        const Sensor sensor{
            .fps = 30, .phase_us = 7'000.0 * c, .clock_off_us = c == 1 ? 20'000.0 : 0.0};
        cameras.push_back({find_flashes(film(lamp, sensor, c).brightness()), 500});
    }
    const auto checks = compare(cameras);
    EXPECT_FALSE(checks[0].flashes == 0);
    EXPECT_TRUE(checks[1].is_refuted());
    EXPECT_NEAR(checks[1].off_us, 20'000, 3'000);
}

TEST(Flash, needs_two_cameras) {
    const std::vector<Witness> one{{{{1e6, 100}}, 500}};
    EXPECT_EQ(compare(one)[0].flashes, 0U);
    EXPECT_FALSE(compare(one)[0].is_refuted());
}

}  // namespace
}  // namespace st::takes
