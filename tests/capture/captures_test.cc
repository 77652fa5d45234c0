#include "capture/captures.h"

#include <gtest/gtest.h>

namespace st::capture {
namespace {

using control::StartOutcome;
using control::StopOutcome;
using std::chrono::milliseconds;

class NoEvents final : public EventSink {
 public:
    void add(std::string_view, const EventFields&, LogLevel) override {}
};

/// Cameras without sockets: what is posted to them goes nowhere, and the test answers for them.
class CapturesTest : public ::testing::Test {
 protected:
    LinkPtr connect(const std::string& name) {
        LinkPtr link = cameras.make_link(net, "127.0.0.1:1", "/ingest/" + name);
        CameraClaim claim;
        claim.link = link;
        claim.name = name;
        claim.done = [this](const Result<void>& granted) { claims.push_back(granted.ok()); };
        cameras.claim(std::move(claim));
        return link;
    }
    LinkPtr join(const std::string& name) {
        LinkPtr link = connect(name);
        cameras.joined(link);
        return link;
    }
    void start(const control::StartRequest& request) {
        captures.start(request, [this](control::Decoded<control::StartReply> made) {
            started = std::move(made);
        });
    }
    void stop(const control::StopRequest& request) {
        captures.stop(request, [this](control::Decoded<control::StopReply> made) {
            stopped = std::move(made);
        });
    }
    /// Runs the control loop until `done` holds, ten seconds at the most.
    void run_until(const std::function<bool()>& done) {
        const TickTock tick(control, done);
        control.run();
        EXPECT_TRUE(done());
    }
    struct TickTock {
        TickTock(loop::EventLoop& loop, const std::function<bool()>& done) {
            arm(loop, done, 10'000);
        }
        static void arm(loop::EventLoop& loop, const std::function<bool()>& done, int left) {
            loop.after(std::chrono::milliseconds(1), [&loop, done, left] {
                if (done() || left == 0) return loop.stop();
                arm(loop, done, left - 1);
            });
        }
    };

    /// As a reload does.
    void configure(const std::function<void(Options&)>& change) {
        Options next = *options.get();
        change(next);
        options.replace(std::move(next));
    }

    Current<Options> options{Options{}};
    Counters counters;
    loop::EventLoop control;
    httpd::NetLoop net{"test"};
    NoEvents events;
    Cameras cameras{options, counters, control, events};
    std::uint64_t progress = 0;
    Captures captures{options, cameras, control, [this](const std::string&) { return progress; }};
    std::vector<bool> claims;
    std::optional<control::Decoded<control::StartReply>> started;
    std::optional<control::Decoded<control::StopReply>> stopped;
};

TEST_F(CapturesTest, without_a_camera_start_and_stop_say_so) {
    start({});
    ASSERT_TRUE(started && !started->ok());
    EXPECT_EQ(started->error().code, control::ErrorCode::no_cameras);
    stop({});
    ASSERT_TRUE(stopped && !stopped->ok());
    EXPECT_EQ(stopped->error().code, control::ErrorCode::no_cameras);
}

TEST_F(CapturesTest, a_connection_that_never_spoke_is_not_waited_for) {
    connect("mute");
    const LinkPtr camera = join("cam");
    start({});
    EXPECT_FALSE(started);
    captures.answer(camera, {CameraAnswer::Kind::started, "cam_1", "", false});
    ASSERT_TRUE(started && started->ok());
    ASSERT_EQ((*started)->results.size(), 1U);
    EXPECT_EQ((*started)->results[0].session, "cam_1");
    EXPECT_TRUE((*started)->ok);
}

TEST_F(CapturesTest, a_start_answers_when_the_last_camera_has) {
    const LinkPtr a = join("a");
    const LinkPtr b = join("b");
    start({});
    captures.answer(a, {CameraAnswer::Kind::started, "a_1", "", false});
    EXPECT_FALSE(started);
    captures.answer(b, {CameraAnswer::Kind::refused, "", "no lens", false});
    ASSERT_TRUE(started);
    EXPECT_FALSE((*started)->ok);
    EXPECT_EQ((*started)->results[1].outcome, StartOutcome::refused);
    EXPECT_EQ((*started)->results[1].error, "no lens");
}

TEST_F(CapturesTest, a_silent_camera_is_a_timeout_by_name) {
    const LinkPtr a = join("a");
    join("b");
    control::StartRequest request;
    request.timeout = std::chrono::milliseconds(20);
    start(request);
    captures.answer(a, {CameraAnswer::Kind::started, "a_1", "", false});
    run_until([&] { return started.has_value(); });
    EXPECT_FALSE((*started)->ok);
    ASSERT_EQ((*started)->results.size(), 2U);
    EXPECT_EQ((*started)->results[1].camera, "b");
    EXPECT_EQ((*started)->results[1].outcome, StartOutcome::timeout);
}

TEST_F(CapturesTest, already_recording_is_fine_unless_parameters_differ) {
    const LinkPtr a = join("a");
    start({});
    captures.answer(a, {CameraAnswer::Kind::already_recording, "a_1", "", false});
    EXPECT_TRUE((*started)->ok);
    start({});
    captures.answer(a, {CameraAnswer::Kind::already_recording, "a_1", "", true});
    EXPECT_FALSE((*started)->ok);
}

TEST_F(CapturesTest, an_answer_to_one_of_two_starts_leaves_the_other_waiting) {
    const LinkPtr a = join("a");
    start({});
    std::optional<control::Decoded<control::StartReply>> second;
    captures.start({},
                   [&](control::Decoded<control::StartReply> made) { second = std::move(made); });
    CameraAnswer refused{CameraAnswer::Kind::refused, "", "other parameters", false};
    refused.request = 2;  // requests are numbered from 1
    captures.answer(a, refused);
    ASSERT_TRUE(second);
    EXPECT_FALSE((*second)->ok);
    EXPECT_EQ((*second)->results[0].error, "other parameters");
    EXPECT_FALSE(started);
    captures.answer(a, {CameraAnswer::Kind::started, "a_1", "", false});
    ASSERT_TRUE(started);
    EXPECT_TRUE((*started)->ok);
}

TEST_F(CapturesTest, without_waiting_every_camera_is_in_the_answer) {
    join("b");
    const LinkPtr a = join("a");
    const LinkPtr c = join("c");
    cameras.set_state(c, camera::State::recording, "c_1");
    control::StartRequest request;
    request.wait = false;
    request.cameras = {"*", "ghost"};
    start(request);
    ASSERT_TRUE(started && started->ok());
    EXPECT_FALSE((*started)->ok) << "for the one that is not there";
    const auto& results = (*started)->results;
    ASSERT_EQ(results.size(), 4U);
    EXPECT_EQ(results[0].camera, "a");
    EXPECT_EQ(results[0].outcome, StartOutcome::sent);
    EXPECT_EQ(results[1].outcome, StartOutcome::sent);
    EXPECT_EQ(results[2].outcome, StartOutcome::already_recording);
    EXPECT_EQ(results[2].session, "c_1");
    EXPECT_EQ(results[3].outcome, StartOutcome::disconnected);
    captures.session_opened(a->id, "a_1", "a");
    control::StopRequest stop_request;
    stop_request.wait = false;
    stop_request.cameras = {"a", "b"};
    stop(stop_request);
    ASSERT_TRUE(stopped && stopped->ok());
    EXPECT_TRUE((*stopped)->ok);
    ASSERT_EQ((*stopped)->results.size(), 2U);
    EXPECT_EQ((*stopped)->results[0].outcome, StopOutcome::sent);
    EXPECT_EQ((*stopped)->results[0].session, "a_1");
    EXPECT_EQ((*stopped)->results[1].outcome, StopOutcome::not_recording);
}

TEST_F(CapturesTest, a_camera_that_stops_by_itself_takes_no_failure_from_who_asks_next) {
    const LinkPtr a = join("a");
    captures.session_opened(a->id, "a_1", "a");
    captures.session_finished(a->id, {"a_1", "a", control::SessionState::failed, "disk full", {}});
    // What its state table says of the end, to nobody in particular.
    captures.answer(a, {CameraAnswer::Kind::not_recording, "", "", false});
    control::StopRequest request;
    request.cameras = {"a"};
    stop(request);
    captures.answer(a, {CameraAnswer::Kind::not_recording, "", "", false});
    ASSERT_TRUE(stopped && stopped->ok());
    EXPECT_FALSE((*stopped)->ok);
    EXPECT_EQ((*stopped)->results[0].outcome, StopOutcome::failed);
    EXPECT_EQ((*stopped)->results[0].error, "disk full");
}

TEST_F(CapturesTest, a_camera_that_is_said_to_record_has_a_recording) {
    const LinkPtr a = join("a");
    cameras.set_state(a, camera::State::recording, "");
    const control::CameraStatus before = cameras.status(*cameras.find("a"));
    EXPECT_EQ(before.state, control::CameraState::starting);
    EXPECT_FALSE(before.session);
    cameras.set_state(a, camera::State::recording, "a_1");
    const control::CameraStatus after = cameras.status(*cameras.find("a"));
    EXPECT_EQ(after.state, control::CameraState::recording);
    EXPECT_EQ(after.session, "a_1");
}

TEST_F(CapturesTest, names_that_are_not_there_fail_beside_those_that_are) {
    const LinkPtr a = join("a");
    control::StartRequest request;
    request.cameras = {"a", "ghost"};
    start(request);
    captures.answer(a, {CameraAnswer::Kind::started, "a_1", "", false});
    ASSERT_TRUE(started);
    EXPECT_FALSE((*started)->ok);
    EXPECT_EQ((*started)->results[1].camera, "ghost");
    EXPECT_EQ((*started)->results[1].outcome, StartOutcome::disconnected);
}

TEST_F(CapturesTest, a_stop_waits_for_the_files_of_the_last_session) {
    const LinkPtr a = join("a");
    captures.session_opened(a->id, "a_1", "a");
    captures.session_ended("a_1");
    captures.session_opened(a->id, "a_2", "a");
    stop({});
    captures.session_finished(a->id, {"a_1", "a", control::SessionState::done, "", {}});
    EXPECT_FALSE(stopped) << "an earlier session must not answer";
    captures.session_finished(
        a->id,
        {"a_2", "a", control::SessionState::done, "", {{"/r/a_2/stream.mp4", "/u", 9, 8, 7}}});
    ASSERT_TRUE(stopped);
    EXPECT_TRUE((*stopped)->ok);
    EXPECT_EQ((*stopped)->results[0].session, "a_2");
    EXPECT_EQ((*stopped)->results[0].files[0].pictures, 7U);
}

TEST_F(CapturesTest, a_stop_does_not_wait_for_an_earlier_longer_session) {
    const LinkPtr a = join("a");
    captures.session_opened(a->id, "a_1", "a");
    captures.session_ended("a_1");
    captures.session_opened(a->id, "a_2", "a");
    stop({});
    captures.session_finished(a->id, {"a_2", "a", control::SessionState::done, "", {}});
    ASSERT_TRUE(stopped);
    EXPECT_EQ((*stopped)->results[0].session, "a_2");
    captures.session_finished(a->id, {"a_1", "a", control::SessionState::done, "", {}});
}

TEST_F(CapturesTest, a_stop_is_answered_when_its_camera_leaves_without_a_session) {
    const LinkPtr a = join("a");
    stop({});
    EXPECT_FALSE(stopped);
    cameras.left(a, "gone");
    captures.left(a, false);
    ASSERT_TRUE(stopped);
    EXPECT_TRUE((*stopped)->ok);
    EXPECT_EQ((*stopped)->results[0].outcome, StopOutcome::not_recording);
}

TEST_F(CapturesTest, a_stop_waits_for_the_session_that_its_camera_leaves_behind) {
    const LinkPtr a = join("a");
    stop({});
    cameras.left(a, "gone");
    captures.left(a, true);
    EXPECT_FALSE(stopped) << "its session was opened a moment ago";
    captures.session_opened(a->id, "a_1", "a");
    captures.session_finished(a->id, {"a_1", "a", control::SessionState::done, "", {}});
    ASSERT_TRUE(stopped);
    EXPECT_EQ((*stopped)->results[0].session, "a_1");
}

TEST_F(CapturesTest, a_stop_of_an_idle_camera_is_fine) {
    const LinkPtr a = join("a");
    stop({});
    captures.answer(a, {CameraAnswer::Kind::not_recording, "", "", false});
    ASSERT_TRUE(stopped);
    EXPECT_TRUE((*stopped)->ok);
    EXPECT_EQ((*stopped)->results[0].outcome, StopOutcome::not_recording);
}

TEST_F(CapturesTest, the_next_stop_says_that_a_recording_failed_by_itself) {
    const LinkPtr a = join("a");
    captures.session_opened(a->id, "a_1", "a");
    captures.session_finished(a->id, {"a_1", "a", control::SessionState::failed, "disk full", {}});
    for (const bool is_first : {true, false}) {
        stopped.reset();
        stop({});
        captures.answer(a, {CameraAnswer::Kind::not_recording, "", "", false});
        ASSERT_TRUE(stopped);
        const control::StopResult& result = (*stopped)->results[0];
        EXPECT_EQ((*stopped)->ok, !is_first);
        EXPECT_EQ(result.outcome, is_first ? StopOutcome::failed : StopOutcome::not_recording);
        if (!is_first) continue;
        EXPECT_EQ(result.session, "a_1");
        EXPECT_EQ(result.error, "disk full");
    }
}

TEST_F(CapturesTest, a_camera_that_never_answers_a_stop_is_not_fine) {
    const LinkPtr a = join("a");
    captures.session_opened(a->id, "a_1", "a");
    stop({});
    captures.session_finished(a->id, {"a_1", "a", control::SessionState::done, "", {}, false});
    ASSERT_TRUE(stopped);
    EXPECT_FALSE((*stopped)->ok);
    EXPECT_EQ((*stopped)->results[0].outcome, StopOutcome::stopped);
    EXPECT_TRUE((*stopped)->results[0].error);
}

TEST_F(CapturesTest, a_start_whose_camera_left_as_soon_as_it_began_has_its_recording) {
    const LinkPtr a = join("a");
    start({});
    cameras.left(a, "gone");
    captures.left(a, true);
    EXPECT_FALSE(started) << "its folder is being made";
    captures.session_opened(a->id, "a_1", "a");
    ASSERT_TRUE(started);
    EXPECT_TRUE((*started)->ok);
    EXPECT_EQ((*started)->results[0].session, "a_1");
}

TEST_F(CapturesTest, a_stop_waits_for_the_files_of_a_camera_that_just_left) {
    const LinkPtr a = join("a");
    captures.session_opened(a->id, "a_1", "a");
    cameras.left(a, "gone");
    stop({});
    EXPECT_FALSE(stopped);
    captures.session_finished(a->id, {"a_1", "a", control::SessionState::done, "", {}});
    ASSERT_TRUE(stopped);
    EXPECT_EQ((*stopped)->results[0].outcome, StopOutcome::stopped);
}

TEST_F(CapturesTest, a_failed_session_fails_the_stop) {
    const LinkPtr a = join("a");
    captures.session_opened(a->id, "a_1", "a");
    stop({});
    captures.session_finished(a->id, {"a_1", "a", control::SessionState::failed, "disk full", {}});
    ASSERT_TRUE(stopped);
    EXPECT_FALSE((*stopped)->ok);
    EXPECT_EQ((*stopped)->results[0].outcome, StopOutcome::failed);
    EXPECT_EQ((*stopped)->results[0].error, "disk full");
}

TEST_F(CapturesTest, a_stop_is_patient_while_the_finaliser_gets_on_and_not_longer) {
    configure([](Options& o) { o.stop_timeout = std::chrono::milliseconds(1); });
    const LinkPtr a = join("a");
    captures.session_opened(a->id, "a_1", "a");
    control::StopRequest request;
    request.timeout = std::chrono::milliseconds(10);
    stop(request);
    captures.session_ended("a_1");
    progress = 5;
    control.after(std::chrono::milliseconds(15), [this] { progress = 6; });
    run_until([&] { return stopped.has_value(); });
    EXPECT_FALSE((*stopped)->ok);
    EXPECT_EQ((*stopped)->results[0].outcome, StopOutcome::timeout);
    EXPECT_EQ((*stopped)->results[0].session, "a_1");
    EXPECT_EQ((*stopped)->results[0].state, control::SessionState::finalising);
}

TEST_F(CapturesTest, a_name_in_use_is_given_away_only_when_its_holder_is_silent) {
    configure([](Options& o) { o.takeover_after = std::chrono::milliseconds(20); });
    const LinkPtr first = join("cam");
    connect("cam");
    EXPECT_EQ(claims, std::vector<bool>{true});
    cameras.alive(first);
    EXPECT_EQ(claims, (std::vector<bool>{true, false}));
    EXPECT_EQ(cameras.find("cam")->link, first);
    const LinkPtr third = connect("cam");
    run_until([&] { return claims.size() == 3; });
    EXPECT_TRUE(claims.back());
    EXPECT_EQ(cameras.find("cam")->link, third);
    EXPECT_FALSE(cameras.left(first, "late")) << "the replaced one must not take the name along";
}

TEST_F(CapturesTest, the_limit_of_cameras_refuses_with_a_reason) {
    configure([](Options& o) { o.cameras_max = 1; });
    join("a");
    connect("b");
    EXPECT_EQ(claims, (std::vector<bool>{true, false}));
}

TEST_F(CapturesTest, a_device_model_names_a_camera_that_did_not_name_itself) {
    configure([](Options& o) { o.name_rules = {{std::nullopt, "Pixel 9", "phone"}}; });
    LinkPtr link = cameras.make_link(net, "127.0.0.1:1", "/android-cam");
    cameras.claim({link, "", "127.0.0.1_1", {}, [](const Result<void>&) {}});
    cameras.set_model(link, "Pixel 9");
    ASSERT_NE(cameras.find("phone"), nullptr);
    EXPECT_EQ(cameras.find("127.0.0.1_1"), nullptr);
    EXPECT_EQ(cameras.find(link->id)->name, "phone");
}

}  // namespace
}  // namespace st::capture
