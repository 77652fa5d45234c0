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
    /// When it went off last before or soon after.
    double went_off(double at_us) const {
        return std::round((at_us - lit_us) / period_us) * period_us + lit_us;
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
    double noise = 0.5;
    double seen_from = 0;  ///< of its height: where the lamp lights the view
    double seen_to = 1;
    bool upwards = false;    ///< it reads from the bottom up
    double mains_light = 0;  ///< of the room, which flickers at 100 Hz
};

Filmed film(const Lamp& lamp, const Sensor& sensor, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> noise(0, sensor.noise);
    Filmed out;
    out.readout = {sensor.upwards ? -sensor.readout_us : sensor.readout_us, 0};
    for (int i = 0; i < 8 * sensor.fps; ++i) {
        const double begin = sensor.phase_us + i * 1e6 / sensor.fps;
        out.taken_us.push_back(std::llround(begin + sensor.clock_off_us));
        for (std::size_t band = 0; band < kBands; ++band) {
            const double place = (static_cast<double>(band) + 0.5) / kBands;
            const double row = begin + (sensor.upwards ? 1 - place : place) * sensor.readout_us;
            const bool is_lit = place >= sensor.seen_from && place < sensor.seen_to;
            const double mains = sensor.mains_light * std::cos(2 * M_PI * row * 100 / 1e6);
            const double level =
                60 + 20 * std::sin(i / 20.0 + static_cast<double>(band) / 9) + mains +
                (is_lit ? sensor.light * lamp.share(row, sensor.exposure_us) : 0) + noise(random);
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
            ASSERT_LE(std::abs(flash.at_us - lamp.went_off(flash.at_us)), flash.off_us + 1'000)
                << "seed " << seed;
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

/// All kinds of sensors and light: flashes are found, none is put where it was not, and one camera
/// that is 20 ms off is refuted while the others hold.
TEST(Flash, is_found_by_all_kinds_of_sensors_in_all_kinds_of_light) {
    struct Kind {
        const char* what;
        Lamp lamp;
        Sensor sensor;
    };
    const Kind kinds[] = {
        {"plain", {}, {}},
        {"25 fps", {}, {.fps = 25}},
        {"60 fps, fast sensor", {}, {.fps = 60, .readout_us = 8'000, .exposure_us = 4'000}},
        {"from the bottom up", {}, {.upwards = true}},
        {"global shutter", {}, {.readout_us = 500, .exposure_us = 20'000}},
        {"low light", {}, {.exposure_us = 25'000, .light = 25, .noise = 1.2}},
        {"long exposure, short flash", {.lit_us = 1'000}, {.exposure_us = 30'000, .light = 60}},
        {"a lamp lit for long", {.lit_us = 300'000}, {}},
        {"a lamp in the upper third", {.lit_us = 60'000}, {.seen_to = 0.3}},
        {"a lamp in the middle", {.lit_us = 60'000}, {.seen_from = 0.4, .seen_to = 0.6}},
        {"a lamp in the lower part", {.lit_us = 200'000}, {.seen_from = 0.7}},
        {"a room lit by the mains", {}, {.mains_light = 12}},
        {"that room at 25 fps", {}, {.fps = 25, .mains_light = 12}},
        {"that room at 60 fps", {}, {.fps = 60, .readout_us = 10'000, .mains_light = 12}},
    };
    for (const Kind& kind : kinds) {
        SCOPED_TRACE(kind.what);
        for (unsigned seed = 0; seed < 10; ++seed) {
            std::mt19937 random(seed);
            std::vector<Witness> cameras;
            for (unsigned c = 0; c < 3; ++c) {
                Sensor sensor = kind.sensor;
                sensor.fps += 0.01 * c;
                sensor.phase_us =
                    std::uniform_real_distribution<double>(0, 1e6 / sensor.fps)(random);
                const Filmed filmed = film(kind.lamp, sensor, 10 * seed + c);
                cameras.push_back({find_flashes(filmed.brightness()), 500});
                ASSERT_GE(cameras.back().flashes.size(), 2U);
                for (const Flash& flash : cameras.back().flashes) {
                    const double off = flash.at_us - kind.lamp.went_off(flash.at_us);
                    const double noise = kind.sensor.noise > 1 ? 2'500 : 1'500;
                    ASSERT_LE(off, flash.off_us + noise) << "seed " << seed;
                    ASSERT_GE(off, -flash.off_us - noise) << "seed " << seed;
                }
            }
            for (const FlashCheck& check : compare(cameras)) {
                ASSERT_GE(check.flashes, 1U);
                ASSERT_FALSE(check.is_refuted()) << check.off_us << " of " << check.allowed_us;
            }
            for (Flash& flash : cameras[1].flashes) flash.at_us += 20'000;
            const auto checks = compare(cameras);
            EXPECT_NEAR(checks[1].off_us, 20'000, checks[1].allowed_us + 2'000);
            if (checks[1].allowed_us < 18'000) {
                EXPECT_TRUE(checks[1].is_refuted()) << "seed " << seed;
            }
        }
    }
}

TEST(Flash, of_one_flash_that_all_saw_is_enough_and_two_of_which_one_is_missed_are_matched) {
    const std::vector<Witness> cameras{
        {{{1e6, 500}, {3e6, 500}}, 500}, {{{1e6 + 400, 500}}, 500}, {{{3e6 - 300, 500}}, 500}};
    const auto checks = compare(cameras);
    EXPECT_EQ(checks[0].flashes, 2U);
    EXPECT_EQ(checks[1].flashes, 1U);
    EXPECT_NEAR(checks[1].off_us, 400, 1);
    EXPECT_NEAR(checks[2].off_us, -300, 1);
}

TEST(Flash, of_a_room_lit_by_the_mains_is_none) {
    for (const double fps : {24.0, 25.0, 29.97, 30.0, 50.0, 60.0}) {
        const Sensor sensor{.fps = fps, .readout_us = 12'000, .mains_light = 25};
        EXPECT_TRUE(find_flashes(film({.period_us = 1e12}, sensor, 1).brightness()).empty()) << fps;
    }
}

TEST(Flash, needs_two_cameras) {
    const std::vector<Witness> one{{{{1e6, 100}}, 500}};
    EXPECT_EQ(compare(one)[0].flashes, 0U);
    EXPECT_FALSE(compare(one)[0].is_refuted());
}

}  // namespace
}  // namespace st::takes
