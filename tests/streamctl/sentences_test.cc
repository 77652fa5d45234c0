#include "streamctl/commands/sentences.h"

#include <gtest/gtest.h>

namespace st::streamctl {
namespace {

control::CameraStatus camera_of(std::optional<double> battery, std::optional<bool> charging) {
    control::CameraStatus camera;
    camera.health = control::CameraHealth();
    camera.health->battery = battery;
    camera.health->charging = charging;
    return camera;
}

TEST(BatterySentence, warns_of_a_low_one_that_is_not_known_to_charge) {
    EXPECT_EQ(battery_sentence(camera_of(0.116, false)),
              "its battery is at 12 % and does not charge");
    EXPECT_EQ(battery_sentence(camera_of(0.15, std::nullopt)), "its battery is at 15 %");
    EXPECT_EQ(battery_sentence(camera_of(0, std::nullopt)), "its battery is at 0 %");
}

TEST(BatterySentence, says_nothing_of_one_that_lasts_charges_or_is_unknown) {
    EXPECT_EQ(battery_sentence(camera_of(0.151, false)), std::nullopt);
    EXPECT_EQ(battery_sentence(camera_of(0.05, true)), std::nullopt);
    EXPECT_EQ(battery_sentence(camera_of(std::nullopt, false)), std::nullopt);
    EXPECT_EQ(battery_sentence(control::CameraStatus()), std::nullopt);
}

TEST(WasAway, tells_a_file_that_was_full_from_a_camera_that_was_gone) {
    using control::SessionState;
    control::StopResult result;
    EXPECT_FALSE(was_away(result)) << "one recording";
    result.parts = {{"a_1", 1, SessionState::done, "max_bytes"},
                    {"a_2", 2, SessionState::done, "stopped"}};
    EXPECT_FALSE(was_away(result));
    result.parts.push_back({"a_3", 3, SessionState::done, "stopped"});
    EXPECT_TRUE(was_away(result));
    result.parts = {{"a_1", 1, SessionState::done, "disconnected"},
                    {"a_2", 2, SessionState::done, "stopped"}};
    EXPECT_TRUE(was_away(result));
    result.parts = {{"a_1", 1, SessionState::done, {}}, {"a_2", 2, SessionState::done, {}}};
    EXPECT_TRUE(was_away(result)) << "an older server's word";
}

}  // namespace
}  // namespace st::streamctl
