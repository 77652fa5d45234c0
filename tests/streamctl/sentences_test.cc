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
              "its battery is at 12 % and is not charging");
    EXPECT_EQ(battery_sentence(camera_of(0.15, std::nullopt)), "its battery is at 15 %");
    EXPECT_EQ(battery_sentence(camera_of(0, std::nullopt)), "its battery is at 0 %");
}

TEST(BatterySentence, says_nothing_of_one_that_lasts_charges_or_is_unknown) {
    EXPECT_EQ(battery_sentence(camera_of(0.151, false)), std::nullopt);
    EXPECT_EQ(battery_sentence(camera_of(0.05, true)), std::nullopt);
    EXPECT_EQ(battery_sentence(camera_of(std::nullopt, false)), std::nullopt);
    EXPECT_EQ(battery_sentence(control::CameraStatus()), std::nullopt);
    EXPECT_TRUE(is_battery_empty(camera_of(0.049, false)));
    EXPECT_TRUE(is_battery_empty(camera_of(0, std::nullopt)));
    EXPECT_FALSE(is_battery_empty(camera_of(0.05, false)));
    EXPECT_FALSE(is_battery_empty(camera_of(0.01, true)));
    EXPECT_FALSE(is_battery_empty(control::CameraStatus()));
}

TEST(EndWords, say_why_each_recording_ended) {
    EXPECT_EQ(end_words("stopped", "kim@desk"), "stopped by kim@desk");
    EXPECT_EQ(end_words("stopped", ""), "stopped");
    EXPECT_EQ(end_words("stop_timeout", "kim@desk"),
              "stopped by kim@desk, without an answer from the camera");
    EXPECT_EQ(end_words("melted", ""), "melted") << "of a newer server";
    for (const char* reason :
         {"camera_stopped", "camera_error", "disconnected", "replaced", "restarted", "max_session",
          "max_bytes", "disk", "shutdown", "crash"}) {
        EXPECT_NE(end_words(reason, ""), reason);
    }
}

TEST(EndOf, tells_what_becomes_of_a_camera_that_nobody_stopped) {
    EXPECT_EQ(end_of(""), RecordingEnd::open);
    for (const char* reason : {"max_session", "max_bytes", "restarted"})
        EXPECT_EQ(end_of(reason), RecordingEnd::rolled_over) << reason;
    for (const char* reason : {"disconnected", "replaced"})
        EXPECT_EQ(end_of(reason), RecordingEnd::dropped) << reason;
    EXPECT_EQ(end_of("disk"), RecordingEnd::no_room);
    for (const char* reason : {"stopped", "camera_stopped", "stop_timeout", "camera_error",
                               "shutdown", "crash", "melted"})
        EXPECT_EQ(end_of(reason), RecordingEnd::over) << reason;
}

TEST(IsFailure, of_an_end_that_nobody_wanted) {
    for (const char* reason : {"camera_error", "disconnected", "disk", "shutdown", "crash"})
        EXPECT_TRUE(is_failure(reason)) << reason;
    for (const char* reason : {"", "stopped", "stop_timeout", "camera_stopped", "max_session"})
        EXPECT_FALSE(is_failure(reason)) << reason;
}

using control::RecordingState;

control::StopResult of_parts(std::vector<control::SessionPart> parts) {
    control::StopResult result;
    result.camera = "door";
    result.parts = std::move(parts);
    return result;
}

TEST(WasAway, is_true_of_a_camera_that_returned) {
    EXPECT_TRUE(was_away(of_parts({{"door_1", 1, RecordingState::done, "disconnected"},
                                   {"door_2", 2, RecordingState::done, "stopped"}})));
    EXPECT_TRUE(was_away(of_parts({{"door_1", 1, RecordingState::failed, "disk"},
                                   {"door_2", 2, RecordingState::done, "stopped"}})));
    EXPECT_TRUE(was_away(of_parts(
        {{"door_1", 1, RecordingState::done, ""}, {"door_2", 2, RecordingState::done, ""}})))
        << "of a server that does not say why";
    EXPECT_TRUE(was_away(of_parts({{"door_2", 2, RecordingState::done, "stopped"}})))
        << "the first part is not listed";
}

TEST(WasAway, is_false_where_one_file_was_not_enough) {
    EXPECT_FALSE(was_away(of_parts({})));
    EXPECT_FALSE(was_away(of_parts({{"door_1", 1, RecordingState::done, "stopped"}})));
    EXPECT_FALSE(was_away(of_parts({{"door_1", 1, RecordingState::done, "max_bytes"},
                                    {"door_2", 2, RecordingState::done, "max_bytes"},
                                    {"door_3", 3, RecordingState::done, "stopped"}})));
    EXPECT_FALSE(was_away(of_parts({{"door_1", 1, RecordingState::done, "max_session"},
                                    {"door_2", 1, RecordingState::done, "stopped"}})));
}

TEST(WasAway, is_true_if_any_of_many_parts_followed_a_loss) {
    EXPECT_TRUE(was_away(of_parts({{"door_1", 1, RecordingState::done, "max_bytes"},
                                   {"door_2", 2, RecordingState::done, "disconnected"},
                                   {"door_3", 3, RecordingState::done, "max_bytes"},
                                   {"door_4", 4, RecordingState::done, "stopped"}})));
}

}  // namespace
}  // namespace st::streamctl
