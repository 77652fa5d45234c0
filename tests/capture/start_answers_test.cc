#include "capture/start_answers.h"

#include <gtest/gtest.h>

#include "capture/fakes.h"

namespace st::capture {
namespace {

using Kind = CameraAnswer::Kind;

class StartAnswersTest : public ::testing::Test {
 protected:
    StartAnswersTest() {
        link->report = [this](FromConnection message) {
            given.push_back(std::get<CameraAnswer>(std::move(message)));
        };
    }
    void begin() { recording.begin(to_session_start("door", link, {}), timers.clock_ns()); }

    ManualTimers timers;
    UnwrittenSessions recorder;
    LinkPtr link = std::make_shared<CameraLink>(1, "10.0.0.7:51544", "/ingest/door", 0);
    std::vector<CameraAnswer> given;
    CameraRecording recording{
        [this](record::SessionStart start) { return recorder.open(std::move(start)); }, timers,
        [](std::string_view) {}};
    StartAnswers answers{*link, recording};
};

TEST_F(StartAnswersTest, a_start_is_answered_once_its_recording_has_a_folder) {
    begin();
    answers.give_at_opening(Kind::started, 7);
    answers.give_at_opening(Kind::already_recording, 0);
    EXPECT_TRUE(given.empty());
    answers.opened("door_1");
    ASSERT_EQ(given.size(), 2U);
    EXPECT_EQ(given[0].kind, Kind::started);
    EXPECT_EQ(given[0].session, "door_1");
    EXPECT_EQ(given[0].request, 7U);
    EXPECT_EQ(given[1].session, "door_1");
    answers.opened("door_1");
    EXPECT_EQ(given.size(), 2U) << "once";
}

TEST_F(StartAnswersTest, what_records_already_is_said_at_once) {
    begin();
    recording.opened("door_1");
    answers.give_at_opening(Kind::already_recording, 0);
    ASSERT_EQ(given.size(), 1U);
    EXPECT_EQ(given[0].session, "door_1");
}

TEST_F(StartAnswersTest, a_folder_that_cannot_be_made_is_a_refusal_with_its_reason) {
    for (const char* why : {"no space left on device", ""}) {
        given.clear();
        answers.give_at_opening(Kind::started, 7);
        answers.set_refusal(why);
        answers.refuse_at_opening();
        ASSERT_EQ(given.size(), 1U);
        EXPECT_EQ(given[0].kind, Kind::refused);
        EXPECT_EQ(given[0].error, *why == 0 ? "the recording could not begin" : why);
    }
}

TEST_F(StartAnswersTest, a_refusal_without_a_reason_is_that_of_a_camera_that_is_stopping) {
    answers.refuse();
    answers.set_refusal("busy");
    answers.refuse();
    ASSERT_EQ(given.size(), 2U);
    EXPECT_EQ(given[0].error, "the camera is stopping");
    EXPECT_EQ(given[1].error, "busy");
}

}  // namespace
}  // namespace st::capture
