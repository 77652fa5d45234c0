#include "streamctl/commands/course.h"

#include <gtest/gtest.h>

namespace st::streamctl {
namespace {

using Now = Course::Now;

/// The n-th part of what kim@desk started: "door_n".
control::Recording recording(const std::string& id, std::optional<std::string> end_reason) {
    control::Recording out;
    out.id = id;
    out.camera = "door";
    out.part = static_cast<unsigned>(id.back() - '0');
    out.started_by = "kim@desk";
    out.end_reason = std::move(end_reason);
    out.stopped_by = "kim@desk";
    return out;
}

control::CameraStatus camera(std::optional<std::string> session) {
    control::CameraStatus out;
    out.name = "door";
    out.state = session ? control::CameraState::recording : control::CameraState::idle;
    out.session = std::move(session);
    if (out.session) {
        out.recording.emplace();
        out.recording->part = static_cast<unsigned>(out.session->back() - '0');
        out.recording->started_by = "kim@desk";
    }
    return out;
}

control::Recording started_by(const std::string& who, control::Recording recording) {
    recording.started_by = who;
    recording.part = 1;
    return recording;
}

std::vector<std::string> said(const Course& course) {
    std::vector<std::string> out;
    for (const Step& step : course.steps) out.push_back(sentence(step));
    return out;
}

using Said = std::vector<std::string>;

TEST(Course, names_each_recording_in_between) {
    const Course course = course_of(
        recording("door_1", "max_session"),
        {recording("door_2", "max_bytes"), recording("door_3", std::nullopt)}, camera("door_3"));
    EXPECT_EQ(course.now, Now::recording);
    EXPECT_EQ(said(course),
              (Said{"goes on in a new recording, door_2", "goes on in a new recording, door_3"}));
    EXPECT_FALSE(has_gap(course.steps[0]));
}

TEST(Course, says_where_pictures_are_lost_and_why) {
    const Course course = course_of(
        recording("door_1", "disconnected"),
        {recording("door_2", "disk"), recording("door_3", std::nullopt)}, camera("door_3"));
    EXPECT_EQ(said(course), (Said{"is back, and recording goes on in door_2",
                                  "there is room again, and recording goes on in door_3"}));
    EXPECT_TRUE(has_gap(course.steps[0]));
    EXPECT_TRUE(has_gap(course.steps[1]));
}

TEST(Absence, is_for_good_where_the_camera_is_back_and_idle_for_longer_than_a_next_try_takes) {
    const control::CameraStatus idle = camera(std::nullopt);
    Absence absence;
    EXPECT_TRUE(absence.begin());
    EXPECT_FALSE(absence.begin()) << "known already";
    auto now = Clock::time_point{};
    const auto looks = [&](const control::CameraStatus* status, int seconds) {
        bool is_for_good = false;
        for (int i = 0; i < seconds; ++i) {
            now += std::chrono::seconds(1);
            is_for_good = absence.is_for_good(status, now) || is_for_good;
        }
        return is_for_good;
    };
    EXPECT_FALSE(looks(nullptr, 100));
    EXPECT_FALSE(looks(&idle, 18));
    EXPECT_FALSE(looks(nullptr, 1)) << "away again";
    EXPECT_FALSE(looks(&idle, 18));
    EXPECT_TRUE(looks(&idle, 3));
    EXPECT_TRUE(absence.end());
    EXPECT_FALSE(absence.end());
    EXPECT_TRUE(absence.begin());
    EXPECT_FALSE(looks(&idle, 1)) << "from the beginning";
}

TEST(Absence, is_for_good_where_the_camera_shows_its_picture_meanwhile) {
    control::CameraStatus previewing = camera(std::nullopt);
    previewing.state = control::CameraState::previewing;
    Absence absence;
    absence.begin();
    EXPECT_FALSE(absence.is_for_good(&previewing, {}));
    EXPECT_TRUE(absence.is_for_good(&previewing, Clock::time_point{} + Absence::kUnusedMax));
}

TEST(Absence, counts_no_looks_which_may_follow_each_other_at_once) {
    const control::CameraStatus idle = camera(std::nullopt);
    Absence absence;
    absence.begin();
    for (int look = 0; look < 100; ++look) EXPECT_FALSE(absence.is_for_good(&idle, {}));
}

TEST(Course, is_over_where_somebody_else_started_the_camera_meanwhile) {
    const auto others = started_by("eve@desk", recording("door_7", std::nullopt));
    control::CameraStatus status = camera("door_7");
    status.recording->started_by = "eve@desk";
    status.recording->part = 1;
    for (const auto& later : {std::vector{others}, std::vector<control::Recording>{}}) {
        const Course course = course_of(recording("door_1", "disconnected"), later, status);
        EXPECT_EQ(course.now, Now::over);
        EXPECT_EQ(course.why, "its recording has ended; another was started, door_7, by eve@desk");
        EXPECT_EQ(said(course), Said{});
    }
    const Course course =
        course_of(recording("door_1", "disconnected"),
                  {started_by("eve@desk", recording("door_7", "stopped"))}, camera(std::nullopt));
    EXPECT_EQ(course.now, Now::over) << "it has ended meanwhile";
}

TEST(Course, is_over_where_the_same_person_began_anew) {
    const control::Recording last = recording("door_1", "disconnected");
    control::Recording again = recording("door_7", std::nullopt);
    again.part = 1;
    control::CameraStatus status = camera("door_7");
    status.recording->part = 1;
    EXPECT_EQ(course_of(last, {again}, status).now, Now::over) << "part 1 of another start";
    again.part = status.recording->part = 2;
    EXPECT_EQ(course_of(last, {again}, status).now, Now::recording);
    again.take = status.recording->take = "b";
    EXPECT_EQ(course_of(last, {again}, status).now, Now::over);
}

TEST(Course, of_a_recording_that_is_rolled_over_keeps_its_part) {
    control::Recording next = recording("door_2", std::nullopt);
    next.part = 1;
    EXPECT_EQ(said(course_of(recording("door_1", "max_session"), {next}, camera("door_2"))),
              (Said{"goes on in a new recording, door_2"}));
}

TEST(Course, ends_where_somebody_ended_it_whatever_the_camera_records_now) {
    const Course course = course_of(
        recording("door_1", "max_session"),
        {recording("door_2", "stopped"), recording("door_3", std::nullopt)}, camera("door_3"));
    EXPECT_EQ(course.now, Now::over);
    EXPECT_EQ(course.why, "stopped by kim@desk");
    EXPECT_FALSE(course.is_failure);
    EXPECT_EQ(said(course), (Said{"goes on in a new recording, door_2"}));
}

TEST(Course, of_a_camera_that_dropped_out_waits) {
    EXPECT_EQ(course_of(recording("door_1", "disconnected"), {}, camera(std::nullopt)).now,
              Now::away);
    const Course full = course_of(recording("door_1", "disk"), {}, camera(std::nullopt));
    EXPECT_EQ(full.now, Now::no_room);
    EXPECT_EQ(full.why, "it could not be written any more");
}

TEST(Course, of_a_recording_that_a_crash_of_the_server_ended_is_over) {
    const Course course = course_of(recording("door_1", "crash"), {}, camera(std::nullopt));
    EXPECT_EQ(course.now, Now::over);
    EXPECT_EQ(course.why, "the server ended unexpectedly");
    EXPECT_TRUE(course.is_failure);
}

TEST(Course, of_a_camera_that_was_rolled_over_and_does_not_record_is_over) {
    EXPECT_EQ(course_of(recording("door_1", "max_session"), {}, camera(std::nullopt)).now,
              Now::over);
    control::CameraStatus starting = camera(std::nullopt);
    starting.state = control::CameraState::starting;
    EXPECT_EQ(course_of(recording("door_1", "max_session"), {}, starting).now, Now::ending);
    control::CameraStatus previewing = camera(std::nullopt);
    previewing.state = control::CameraState::previewing;
    EXPECT_EQ(course_of(recording("door_1", "max_session"), {}, previewing).now, Now::over);
}

TEST(Course, believes_the_camera_of_a_recording_that_is_not_listed_yet) {
    const Course course = course_of(recording("door_1", "max_session"), {}, camera("door_2"));
    EXPECT_EQ(course.now, Now::recording);
    EXPECT_EQ(said(course), (Said{"goes on in a new recording, door_2"}));
}

TEST(Course, does_not_go_further_than_the_camera_was_seen) {
    const Course course = course_of(
        recording("door_1", "max_session"),
        {recording("door_2", std::nullopt), recording("door_3", std::nullopt)}, camera("door_2"));
    EXPECT_EQ(said(course), (Said{"goes on in a new recording, door_2"}));
}

TEST(Course, of_a_recording_whose_end_is_being_written_is_open) {
    EXPECT_EQ(course_of(recording("door_1", std::nullopt), {}, camera("door_2")).now, Now::ending);
}

}  // namespace
}  // namespace st::streamctl
