#include "capture/captures.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "capture/fakes.h"

namespace st::capture {
namespace {

using control::StartOutcome;
using control::StopOutcome;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Cameras without connections: what is sent to them is kept, and the test reports for them.
class CapturesTest : public ::testing::Test {
 protected:
    LinkPtr connect(const std::string& name) {
        CameraClaim claim;
        claim.name = name;
        return connect(std::move(claim), "/ingest/" + name);
    }
    /// One that does not name itself.
    LinkPtr connect_from(const std::string& address) {
        CameraClaim claim;
        claim.default_name = address;
        return connect(std::move(claim), "/android-cam");
    }
    LinkPtr connect(CameraClaim claim, const std::string& path) {
        const std::uint64_t id = ++links;
        auto link = std::make_shared<CameraLink>(id, "127.0.0.1:1", path, 0);
        link->send = [this, id](ToConnection message) { sent[id].push_back(std::move(message)); };
        link->report = [](FromConnection) {};
        claim.link = link;
        claim.done = [](const Result<void>& granted) { EXPECT_TRUE(granted.ok()); };
        cameras.claim(std::move(claim));
        return link;
    }
    LinkPtr join(const std::string& name) {
        LinkPtr link = connect(name);
        captures.on_report(link, Joined{});
        return link;
    }
    void start(const control::StartRequest& request) {
        captures.start(request, has_take, [this](control::Decoded<control::StartReply> made) {
            started = std::move(made);
        });
    }
    void stop(const control::StopRequest& request) {
        captures.stop(request, [this](control::Decoded<control::StopReply> made) {
            stopped = std::move(made);
        });
    }
    void answer(const LinkPtr& link, CameraAnswer::Kind kind, const std::string& session = {},
                const std::string& error = {}) {
        captures.on_report(link, CameraAnswer{kind, session, error, 0});
    }
    void open(const LinkPtr& link, const std::string& id, record::SessionStart start = {}) {
        start.camera = link->name;
        start.owner = link;
        const auto session = recorder.open(std::move(start));
        of_id[id] = session;
        captures.on_event(record::Opened{session->serial(), link->name, id}, session);
    }
    /// The camera does what it was told: its recording `id` began 12 s ago.
    void begin_recording(const LinkPtr& link, const std::string& id) {
        const StartOrder order = first_order(link);
        captures.on_report(link, StartSent{order});
        record::SessionStart start;
        if (!order.take.empty()) start.take = order.take;
        start.started_by = order.started_by;
        start.part = order.part;
        start.parameters = order.parameters;
        start.started_us = wall_us() - 12'000'000;
        open(link, id, start);
        captures.on_report(link, StateChanged{camera::State::recording, id});
        captures.on_report(link, CameraAnswer{CameraAnswer::Kind::started, id, {}, order.request});
    }
    /// Those behind it find the camera starting.
    StartOrder first_order(const LinkPtr& link) {
        for (const ToConnection& message : sent[link->id]) {
            if (const auto* order = std::get_if<StartOrder>(&message)) return *order;
        }
        return {};
    }
    void end(const std::string& id) {
        const auto& session = of_id.at(id);
        captures.on_event(record::Finalising{session->serial(), session->camera(), id}, session);
    }
    void finish(const std::string& id, const std::string& error = {},
                camera::EndReason reason = camera::EndReason::stopped) {
        const auto& session = of_id.at(id);
        record::Summary summary;
        summary.id = id;
        summary.camera = session->camera();
        summary.end_reason = reason;
        summary.pictures = 7;
        summary.part = session->start().part;
        summary.take = session->start().take;
        summary.files = {{"/r/" + id + "/stream.mp4", "stream.mp4", "mp4", 9, 8, 7, 1, 1}};
        if (!error.empty()) {
            summary.state = record::RecordingState::failed;
            summary.error = error;
        }
        captures.on_event(record::Finished{session->serial(), session->camera(), summary}, session);
    }
    /// The connection is over.
    void leave(const LinkPtr& link, bool has_session) {
        captures.on_report(link, Left{"gone", has_session, {}, {}});
    }
    template <class Message>
    std::size_t count_sent(const LinkPtr& link) const {
        const auto found = sent.find(link->id);
        if (found == sent.end()) return 0;
        std::size_t count = 0;
        for (const auto& one : found->second) count += std::holds_alternative<Message>(one) ? 1 : 0;
        return count;
    }

    ManualTimers timers;
    Current<Options> options{Options{}};
    Counters counters;
    EventList events;
    Cameras cameras{options, counters, timers, events};
    Captures captures{options, cameras, counters, timers, events};
    UnwrittenSessions recorder;
    std::map<std::string, record::SessionPtr> of_id;
    std::map<std::uint64_t, std::vector<ToConnection>> sent;
    std::uint64_t links = 0;
    bool has_take = false;  ///< what the disk says of the take that a start names
    std::optional<control::Decoded<control::StartReply>> started;
    std::optional<control::Decoded<control::StopReply>> stopped;
};

TEST_F(CapturesTest, all_cameras_of_a_start_are_told_one_instant_that_each_knows_in_time) {
    const LinkPtr near = join("near");
    const LinkPtr far = join("far");
    const LinkPtr old = join("old");
    clock::Standing standing;
    standing.method = clock::Method::exchange;
    standing.rtt_us = 2'000;
    captures.on_report(near, ClockTold{standing, camera::TimeUnit::us});
    standing.rtt_us = 250'000;
    captures.on_report(far, ClockTold{standing, camera::TimeUnit::us});
    start({});
    std::optional<std::int64_t> begin_ns;
    for (const LinkPtr& link : {near, far, old}) {
        const auto& order = std::get<StartOrder>(sent[link->id].back());
        ASSERT_TRUE(order.begin_ns);
        if (begin_ns) {
            EXPECT_EQ(*order.begin_ns, *begin_ns);
        }
        begin_ns = order.begin_ns;
    }
    EXPECT_GE(*begin_ns - timers.clock_ns(), 750'000'000);
    EXPECT_LE(*begin_ns - timers.clock_ns(), 1'000'000'000);
}

TEST_F(CapturesTest, a_camera_that_returns_is_started_at_once) {
    LinkPtr link = join("a");
    start({});
    captures.on_report(link, StartSent{std::get<StartOrder>(sent[link->id].back())});
    leave(link, false);
    link = join("a");
    ASSERT_EQ(count_sent<StartOrder>(link), 1U);
    EXPECT_FALSE(std::get<StartOrder>(sent[link->id].back()).begin_ns);
}

TEST_F(CapturesTest, what_is_known_of_a_clock_is_in_the_cameras_status) {
    const LinkPtr link = join("a");
    EXPECT_EQ(cameras.status(*cameras.find("a")).clock.method, "none");
    clock::Standing standing{clock::Method::exchange, -5'000, 12, 640, 1'180, 9};
    captures.on_report(link, ClockTold{standing, camera::TimeUnit::us});
    const control::CameraClock clock = cameras.status(*cameras.find("a")).clock;
    EXPECT_EQ(clock.unit, "us");
    EXPECT_EQ(clock.method, "exchange");
    EXPECT_EQ(clock.drift_ppm, 12);
    EXPECT_EQ(clock.bound_us, 640);
    EXPECT_EQ(clock.rtt_us, 1'180);
    EXPECT_EQ(clock.exchanges, 9U);
    ASSERT_TRUE(clock.offset_us);
}

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
    answer(camera, CameraAnswer::Kind::started, "cam_1");
    ASSERT_TRUE(started && started->ok());
    ASSERT_EQ((*started)->results.size(), 1U);
    EXPECT_EQ((*started)->results[0].session, "cam_1");
    EXPECT_TRUE((*started)->ok);
}

TEST_F(CapturesTest, a_start_answers_when_the_last_camera_has) {
    const LinkPtr a = join("a");
    const LinkPtr b = join("b");
    start({});
    answer(a, CameraAnswer::Kind::started, "a_1");
    EXPECT_FALSE(started);
    answer(b, CameraAnswer::Kind::refused, "", "no lens");
    ASSERT_TRUE(started);
    EXPECT_FALSE((*started)->ok);
    EXPECT_EQ((*started)->results[1].outcome, StartOutcome::refused);
    EXPECT_EQ((*started)->results[1].error, "no lens");
}

TEST_F(CapturesTest, a_silent_camera_is_a_timeout_by_name) {
    const LinkPtr a = join("a");
    join("b");
    control::StartRequest request;
    request.timeout = milliseconds(20);
    start(request);
    answer(a, CameraAnswer::Kind::started, "a_1");
    timers.advance(milliseconds(19));
    EXPECT_FALSE(started);
    timers.advance(milliseconds(1));
    ASSERT_TRUE(started);
    EXPECT_FALSE((*started)->ok);
    ASSERT_EQ((*started)->results.size(), 2U);
    EXPECT_EQ((*started)->results[1].camera, "b");
    EXPECT_EQ((*started)->results[1].outcome, StartOutcome::timeout);
}

/// The camera is started as `request` asks, and a recording begins.
#define START_AND_OPEN(link, request, id)                                          \
    do {                                                                           \
        start(request);                                                            \
        begin_recording(link, id);                                                 \
        ASSERT_TRUE(started && started->ok() && (*started)->ok) << "start " << id; \
    } while (false)

TEST_F(CapturesTest, a_camera_that_records_is_refused_with_who_and_since_when) {
    const LinkPtr a = join("door");
    control::StartRequest first;
    first.take = "walk1";
    first.client = "kim@desk";
    START_AND_OPEN(a, first, "door_1");
    control::StartRequest other;
    other.client = "lee@lab";
    start(other);
    answer(a, CameraAnswer::Kind::already_recording, "door_1");
    ASSERT_TRUE(started && started->ok());
    EXPECT_FALSE((*started)->ok);
    const control::StartResult& result = (*started)->results[0];
    EXPECT_EQ(result.outcome, StartOutcome::already_recording);
    EXPECT_EQ(result.session, "door_1");
    EXPECT_EQ(result.take, "walk1");
    EXPECT_EQ(result.started_by, "kim@desk");
    ASSERT_TRUE(result.started_at);
    EXPECT_EQ(result.error, "already recording door_1 (take walk1), started 12 s ago by kim@desk");
}

TEST_F(CapturesTest, joining_accepts_what_records_unless_it_is_something_else) {
    const LinkPtr a = join("door");
    control::StartRequest first;
    first.take = "walk1";
    START_AND_OPEN(a, first, "door_1");
    const auto joined = [&](const control::StartRequest& request) {
        start(request);
        answer(a, CameraAnswer::Kind::already_recording, "door_1");
        return (*started)->ok;
    };
    control::StartRequest request;
    request.join = true;
    EXPECT_TRUE(joined(request));
    EXPECT_FALSE((*started)->results[0].error);
    request.take = "walk1";
    EXPECT_TRUE(joined(request));
    request.parameters.fps = 15;
    EXPECT_FALSE(joined(request));
    EXPECT_NE((*started)->results[0].error->find("; with other parameters"), std::string::npos);
    request.parameters = {};
    request.take = "walk2";
    EXPECT_FALSE(joined(request));
    EXPECT_NE((*started)->results[0].error->find("; it is not in take walk2"), std::string::npos);
}

TEST_F(CapturesTest, of_ten_starts_at_once_one_owns_the_camera) {
    const LinkPtr a = join("door");
    std::vector<std::optional<control::StartReply>> replies(10);
    for (std::size_t i = 0; i < replies.size(); ++i) {
        control::StartRequest request;
        request.client = "client" + std::to_string(i);
        captures.start(request, false, [&replies, i](control::Decoded<control::StartReply> made) {
            ASSERT_TRUE(made.ok());
            replies[i] = *made;
        });
    }
    begin_recording(a, "door_1");
    for (std::size_t i = 0; i < replies.size(); ++i) {
        SCOPED_TRACE(i);
        ASSERT_TRUE(replies[i]);
        const control::StartResult& result = replies[i]->results[0];
        EXPECT_EQ(replies[i]->ok, i == 0);
        EXPECT_EQ(result.outcome, i == 0 ? StartOutcome::started : StartOutcome::already_recording);
        EXPECT_EQ(result.session, "door_1");
        if (i > 0) {
            EXPECT_EQ(result.started_by, "client0");
        }
    }
}

TEST_F(CapturesTest, a_stop_by_an_owner_leaves_recordings_of_others_alone) {
    const LinkPtr a = join("door");
    control::StartRequest request;
    request.owner = "kim:1";
    START_AND_OPEN(a, request, "door_1");
    control::StopRequest others;
    others.cameras = {"door"};
    others.owner = "lee:1";
    stop(others);
    ASSERT_TRUE(stopped && stopped->ok());
    EXPECT_EQ((*stopped)->results[0].outcome, StopOutcome::not_recording);
    EXPECT_EQ(count_sent<StopOrder>(a), 0U);
    control::StopRequest own;
    own.owner = "kim:1";
    own.client = "kim@desk";
    stopped.reset();
    stop(own);
    ASSERT_EQ(count_sent<StopOrder>(a), 1U);
    EXPECT_EQ(std::get<StopOrder>(sent[a->id].back()).stopped_by, "kim@desk");
    EXPECT_NE(std::get<StopOrder>(sent[a->id].back()).owner, 0U);
    finish("door_1");
    ASSERT_TRUE(stopped);
    EXPECT_EQ((*stopped)->results[0].session, "door_1");
    EXPECT_TRUE((*stopped)->results[0].parts.empty());
}

TEST_F(CapturesTest, a_start_that_is_not_answered_yet_can_be_stopped_by_its_owner_alone) {
    const LinkPtr a = join("door");
    control::StartRequest request;
    request.owner = "kim:1";
    start(request);
    control::StopRequest others;
    others.owner = "lee:1";
    stop(others);
    EXPECT_EQ(count_sent<StopOrder>(a), 0U);
    control::StopRequest own;
    own.owner = "kim:1";
    stop(own);
    ASSERT_EQ(count_sent<StopOrder>(a), 1U);
    EXPECT_EQ(std::get<StopOrder>(sent[a->id].back()).owner, first_order(a).owner);
}

TEST_F(CapturesTest, a_start_that_was_stopped_before_it_was_heard_of_is_not_made_up_for) {
    const LinkPtr a = join("a");
    control::StartRequest request;
    request.owner = "kim:1";
    start(request);
    control::StopRequest own;
    own.owner = "kim:1";
    own.wait = false;
    stop(own);
    captures.on_report(a, StartSent{first_order(a)});
    leave(a, false);
    const LinkPtr again = join("a");
    EXPECT_EQ(count_sent<StartOrder>(again), 0U);
    // Another start of it is.
    start({});
    captures.on_report(again, StartSent{first_order(again)});
    leave(again, false);
    EXPECT_EQ(count_sent<StartOrder>(join("a")), 1U);
}

TEST_F(CapturesTest, a_stop_by_its_owner_forgets_a_camera_that_dropped_out_before_it_began) {
    const LinkPtr a = join("a");
    control::StartRequest request;
    request.owner = "kim:1";
    start(request);
    captures.on_report(a, StartSent{first_order(a)});
    leave(a, false);
    ASSERT_TRUE(started && *started);
    EXPECT_EQ((*started)->results[0].outcome, StartOutcome::disconnected);
    control::StopRequest own;
    own.owner = "kim:1";
    stop(own);
    ASSERT_TRUE(stopped && *stopped);
    EXPECT_EQ(count_sent<StartOrder>(join("a")), 0U);
}

TEST_F(CapturesTest, a_start_that_timed_out_and_began_all_the_same_is_stopped_by_its_owner) {
    const LinkPtr a = join("door");
    control::StartRequest request;
    request.owner = "kim:1";
    start(request);
    captures.on_report(a, StartSent{first_order(a)});
    captures.on_report(a, StateChanged{camera::State::starting, ""});
    answer(a, CameraAnswer::Kind::start_timeout);
    captures.on_report(a, StateChanged{camera::State::idle, ""});
    open(a, "door_1");
    captures.on_report(a, StateChanged{camera::State::recording, "door_1"});
    control::StopRequest others;
    others.owner = "lee:1";
    stop(others);
    EXPECT_EQ(count_sent<StopOrder>(a), 0U);
    control::StopRequest own;
    own.owner = "kim:1";
    stopped.reset();
    stop(own);
    ASSERT_EQ(count_sent<StopOrder>(a), 1U);
    EXPECT_EQ(std::get<StopOrder>(sent[a->id].back()).owner, first_order(a).owner);
    end("door_1");
    stop(own);
    EXPECT_EQ(count_sent<StopOrder>(a), 1U) << "its files are being made";
}

TEST_F(CapturesTest, names_are_checked_before_anything_starts) {
    const LinkPtr a = join("door");
    join("gate");
    for (const auto& [name, said] : {std::pair{"dor", "no such camera: dor (did you mean door?)"},
                                     std::pair{"kitchen", "no such camera: kitchen"},
                                     std::pair{"k*", "no camera matches k*"}}) {
        control::StartRequest request;
        request.cameras = {"door", name};
        start(request);
        ASSERT_TRUE(started && !started->ok()) << name;
        EXPECT_EQ(started->error().message, said);
        EXPECT_EQ(started->error().code, control::ErrorCode::not_found);
        EXPECT_EQ(count_sent<StartOrder>(a), 0U);
    }
}

TEST_F(CapturesTest, all_or_none_starts_no_camera_beside_one_that_records) {
    const LinkPtr a = join("door");
    const LinkPtr b = join("gate");
    control::StartRequest first;
    first.cameras = {"door"};
    first.client = "kim@desk";
    START_AND_OPEN(a, first, "door_1");
    control::StartRequest request;
    request.all_or_none = true;
    start(request);
    ASSERT_TRUE(started && started->ok());
    EXPECT_FALSE((*started)->ok);
    EXPECT_EQ(count_sent<StartOrder>(b), 0U);
    ASSERT_EQ((*started)->results.size(), 2U);
    EXPECT_EQ((*started)->results[0].outcome, StartOutcome::already_recording);
    EXPECT_EQ((*started)->results[1].outcome, StartOutcome::refused);
    EXPECT_EQ((*started)->results[1].error, "not started, because door is recording already");
    request.join = true;
    start(request);
    EXPECT_EQ(count_sent<StartOrder>(b), 1U);
}

TEST_F(CapturesTest, a_take_that_has_ended_is_not_added_to_by_accident) {
    const LinkPtr a = join("door");
    const LinkPtr b = join("gate");
    control::StartRequest request;
    request.take = "walk1";
    request.cameras = {"door"};
    has_take = true;
    start(request);
    ASSERT_TRUE(started && !started->ok());
    EXPECT_EQ(started->error().code, control::ErrorCode::take_exists);
    EXPECT_EQ(count_sent<StartOrder>(a), 0U);
    request.append = true;
    START_AND_OPEN(a, request, "door_1");
    // It runs again: another camera may come into it.
    request.append = false;
    request.cameras = {"gate"};
    START_AND_OPEN(b, request, "gate_1");
}

TEST_F(CapturesTest, an_answer_to_one_of_two_starts_leaves_the_other_waiting) {
    const LinkPtr a = join("a");
    start({});
    std::optional<control::Decoded<control::StartReply>> second;
    captures.start({}, false,
                   [&](control::Decoded<control::StartReply> made) { second = std::move(made); });
    // Requests are numbered from 1.
    captures.on_report(a, CameraAnswer{CameraAnswer::Kind::refused, "", "other parameters", 2});
    ASSERT_TRUE(second);
    EXPECT_FALSE((*second)->ok);
    EXPECT_EQ((*second)->results[0].error, "other parameters");
    EXPECT_FALSE(started);
    answer(a, CameraAnswer::Kind::started, "a_1");
    ASSERT_TRUE(started);
    EXPECT_TRUE((*started)->ok);
}

TEST_F(CapturesTest, without_waiting_every_camera_is_in_the_answer) {
    join("b");
    const LinkPtr a = join("a");
    const LinkPtr c = join("c");
    open(c, "c_1");
    control::StartRequest request;
    request.wait = false;
    start(request);
    ASSERT_TRUE(started && started->ok());
    EXPECT_FALSE((*started)->ok) << "for the one that records already";
    const auto& results = (*started)->results;
    ASSERT_EQ(results.size(), 3U);
    EXPECT_EQ(results[0].camera, "a");
    EXPECT_EQ(results[0].outcome, StartOutcome::sent);
    EXPECT_EQ(results[1].outcome, StartOutcome::sent);
    EXPECT_EQ(results[2].outcome, StartOutcome::already_recording);
    EXPECT_EQ(results[2].session, "c_1");
    open(a, "a_1");
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
    open(a, "a_1");
    finish("a_1", "disk full");
    // What its state table says of the end, to nobody in particular.
    answer(a, CameraAnswer::Kind::not_recording);
    control::StopRequest request;
    request.cameras = {"a"};
    stop(request);
    answer(a, CameraAnswer::Kind::not_recording);
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

TEST_F(CapturesTest, a_stop_waits_for_the_files_of_the_last_session) {
    const LinkPtr a = join("a");
    open(a, "a_1");
    end("a_1");
    open(a, "a_2");
    stop({});
    finish("a_1");
    EXPECT_FALSE(stopped) << "an earlier session must not answer";
    finish("a_2");
    ASSERT_TRUE(stopped);
    EXPECT_TRUE((*stopped)->ok);
    EXPECT_EQ((*stopped)->results[0].session, "a_2");
    EXPECT_EQ((*stopped)->results[0].files[0].pictures, 7U);
}

TEST_F(CapturesTest, a_stop_does_not_wait_for_an_earlier_longer_session) {
    const LinkPtr a = join("a");
    open(a, "a_1");
    end("a_1");
    open(a, "a_2");
    stop({});
    finish("a_2");
    ASSERT_TRUE(stopped);
    EXPECT_EQ((*stopped)->results[0].session, "a_2");
    finish("a_1");
}

TEST_F(CapturesTest, a_stop_is_answered_when_its_camera_leaves_without_a_session) {
    const LinkPtr a = join("a");
    stop({});
    EXPECT_FALSE(stopped);
    leave(a, false);
    ASSERT_TRUE(stopped);
    EXPECT_TRUE((*stopped)->ok);
    EXPECT_EQ((*stopped)->results[0].outcome, StopOutcome::not_recording);
}

TEST_F(CapturesTest, a_stop_waits_for_the_session_that_its_camera_leaves_behind) {
    const LinkPtr a = join("a");
    stop({});
    leave(a, true);
    EXPECT_FALSE(stopped) << "its session was opened a moment ago";
    open(a, "a_1");
    finish("a_1");
    ASSERT_TRUE(stopped);
    EXPECT_EQ((*stopped)->results[0].session, "a_1");
}

TEST_F(CapturesTest, a_stop_of_an_idle_camera_is_fine) {
    const LinkPtr a = join("a");
    stop({});
    answer(a, CameraAnswer::Kind::not_recording);
    ASSERT_TRUE(stopped);
    EXPECT_TRUE((*stopped)->ok);
    EXPECT_EQ((*stopped)->results[0].outcome, StopOutcome::not_recording);
}

TEST_F(CapturesTest, the_next_stop_says_that_a_recording_failed_by_itself) {
    const LinkPtr a = join("a");
    open(a, "a_1");
    finish("a_1", "disk full");
    for (const bool is_first : {true, false}) {
        stopped.reset();
        stop({});
        answer(a, CameraAnswer::Kind::not_recording);
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
    open(a, "a_1");
    stop({});
    finish("a_1", "", camera::EndReason::stop_timeout);
    ASSERT_TRUE(stopped);
    EXPECT_FALSE((*stopped)->ok);
    EXPECT_EQ((*stopped)->results[0].outcome, StopOutcome::stopped);
    EXPECT_TRUE((*stopped)->results[0].error);
}

TEST_F(CapturesTest, a_start_whose_camera_left_as_soon_as_it_began_has_its_recording) {
    const LinkPtr a = join("a");
    start({});
    leave(a, true);
    EXPECT_FALSE(started) << "its folder is being made";
    open(a, "a_1");
    ASSERT_TRUE(started);
    EXPECT_TRUE((*started)->ok);
    EXPECT_EQ((*started)->results[0].session, "a_1");
}

TEST_F(CapturesTest, a_stop_waits_for_the_files_of_a_camera_that_just_left) {
    const LinkPtr a = join("a");
    open(a, "a_1");
    leave(a, true);
    stop({});
    EXPECT_FALSE(stopped);
    finish("a_1");
    ASSERT_TRUE(stopped);
    EXPECT_EQ((*stopped)->results[0].outcome, StopOutcome::stopped);
}

TEST_F(CapturesTest, a_failed_session_fails_the_stop) {
    const LinkPtr a = join("a");
    open(a, "a_1");
    stop({});
    finish("a_1", "disk full");
    ASSERT_TRUE(stopped);
    EXPECT_FALSE((*stopped)->ok);
    EXPECT_EQ((*stopped)->results[0].outcome, StopOutcome::failed);
    EXPECT_EQ((*stopped)->results[0].error, "disk full");
}

TEST_F(CapturesTest, a_stop_is_patient_while_the_finaliser_gets_on_and_not_longer) {
    const LinkPtr a = join("a");
    open(a, "a_1");
    control::StopRequest request;
    request.timeout = seconds(10);
    stop(request);
    end("a_1");
    timers.advance(seconds(9));
    of_id.at("a_1")->note_progress(5, 10, timers.clock_ns());
    timers.advance(seconds(9));
    EXPECT_FALSE(stopped);
    timers.advance(seconds(11));
    ASSERT_TRUE(stopped);
    EXPECT_FALSE((*stopped)->ok);
    EXPECT_EQ((*stopped)->results[0].outcome, StopOutcome::timeout);
    EXPECT_EQ((*stopped)->results[0].session, "a_1");
    EXPECT_EQ((*stopped)->results[0].state, control::RecordingState::finalising);
}

/// What the camera was told to start with; null if nothing.
const StartOrder* start_sent(const std::vector<ToConnection>& messages) {
    for (const ToConnection& message : messages) {
        if (const auto* order = std::get_if<StartOrder>(&message)) return order;
    }
    return nullptr;
}

TEST_F(CapturesTest, a_camera_that_drops_out_is_started_again_in_its_take) {
    const LinkPtr first = join("a");
    StartOrder order;
    order.take = "walk1";
    order.parameters.fps = 15;
    captures.on_report(first, StartSent{order});
    captures.on_report(first, StateChanged{camera::State::recording, "a_1"});
    captures.on_report(first, StateChanged{camera::State::gone, ""});
    leave(first, false);
    const LinkPtr second = join("a");
    const StartOrder* again = start_sent(sent[second->id]);
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(again->take, "walk1");
    EXPECT_EQ(again->parameters.fps, 15U);
    EXPECT_EQ(again->part, 2U);
}

/// It was recording, has dropped out, is back and has been told to go on.
struct Returned : CapturesTest {
    LinkPtr return_to_start() {
        const LinkPtr first = join("a");
        StartOrder order;
        order.take = "walk1";
        captures.on_report(first, StartSent{order});
        captures.on_report(first, StateChanged{camera::State::recording, "a_1"});
        captures.on_report(first, StateChanged{camera::State::gone, ""});
        leave(first, false);
        return join("a");
    }
    void refuse_start(const LinkPtr& link) {
        captures.on_report(link, StartSent{std::get<StartOrder>(sent[link->id].back())});
        captures.on_report(link, StateChanged{camera::State::starting, ""});
        captures.on_report(link, StateChanged{camera::State::idle, ""});
    }
};

TEST_F(Returned, one_that_cannot_go_on_at_once_is_tried_again_and_given_up_in_the_end) {
    const LinkPtr link = return_to_start();
    for (unsigned tries = 1; tries < MeantCaptures::kTriesMax; ++tries) {
        SCOPED_TRACE(tries);
        ASSERT_EQ(count_sent<StartOrder>(link), tries);
        EXPECT_EQ(std::get<StartOrder>(sent[link->id].back()).part, 2U);
        refuse_start(link);
        timers.advance(milliseconds(1'999));
        EXPECT_EQ(count_sent<StartOrder>(link), tries);
        timers.advance(milliseconds(1 + 2'000 * ((1 << (tries - 1)) - 1)));
    }
    EXPECT_EQ(events.count("camera.given_up"), 0U);
    refuse_start(link);
    EXPECT_EQ(events.last("camera.given_up", "camera"), "a");
    EXPECT_EQ(events.last("camera.given_up", "take"), "walk1");
    timers.advance(seconds(600));
    EXPECT_EQ(count_sent<StartOrder>(link), MeantCaptures::kTriesMax);
}

TEST_F(Returned, one_that_goes_on_at_the_second_try_may_drop_out_again) {
    const LinkPtr link = return_to_start();
    refuse_start(link);
    timers.advance(seconds(2));
    captures.on_report(link, StartSent{std::get<StartOrder>(sent[link->id].back())});
    captures.on_report(link, StateChanged{camera::State::recording, "a_2"});
    leave(link, false);
    const LinkPtr next = join("a");
    ASSERT_EQ(count_sent<StartOrder>(next), 1U);
    EXPECT_EQ(std::get<StartOrder>(sent[next->id].back()).part, 3U);
    captures.on_report(next, StartSent{std::get<StartOrder>(sent[next->id].back())});
    captures.on_report(next, StateChanged{camera::State::recording, "a_3"});
    captures.on_report(next, StateChanged{camera::State::finalising, ""});
    captures.on_report(next, StateChanged{camera::State::idle, ""});
    timers.advance(seconds(600));
    EXPECT_EQ(count_sent<StartOrder>(next), 1U) << "it ended in good order";
}

TEST_F(Returned, each_of_two_cameras_of_one_start_is_tried_again) {
    std::vector<LinkPtr> both;
    for (const char* name : {"b", "c"}) both.push_back(join(name));
    start({});
    for (LinkPtr& link : both) {
        captures.on_report(link, StartSent{first_order(link)});
        captures.on_report(link, StateChanged{camera::State::recording, ""});
        leave(link, false);
        link = join(link->name);
    }
    for (const LinkPtr& link : both) refuse_start(link);
    timers.advance(seconds(2));
    for (const LinkPtr& link : both) EXPECT_EQ(count_sent<StartOrder>(link), 2U) << link->name;
}

TEST_F(Returned, a_stop_ends_the_tries) {
    const LinkPtr link = return_to_start();
    refuse_start(link);
    control::StopRequest request;
    request.cameras = {"a"};
    stop(request);
    timers.advance(seconds(600));
    EXPECT_EQ(count_sent<StartOrder>(link), 1U);
    EXPECT_EQ(events.count("camera.given_up"), 0U);
}

TEST_F(CapturesTest, a_camera_that_was_stopped_is_not_started_again) {
    const LinkPtr first = join("a");
    captures.on_report(first, StartSent{});
    captures.on_report(first, StateChanged{camera::State::recording, "a_1"});
    captures.on_report(first, StateChanged{camera::State::gone, ""});
    leave(first, false);
    control::StopRequest request;
    request.cameras = {"a"};
    stop(request);
    ASSERT_TRUE(stopped && stopped->ok());
    EXPECT_FALSE((*stopped)->ok);
    EXPECT_EQ((*stopped)->results[0].error, "the camera lost its connection and has not come back");
    EXPECT_EQ(start_sent(sent[join("a")->id]), nullptr);
}

TEST_F(CapturesTest, a_stop_lists_all_parts_of_a_camera_that_dropped_out_and_returned) {
    const LinkPtr first = join("a");
    control::StartRequest request;
    request.take = "walk1";
    request.owner = "kim:1";
    START_AND_OPEN(first, request, "a_1");
    captures.on_report(first, StateChanged{camera::State::gone, ""});
    leave(first, true);
    end("a_1");
    const LinkPtr second = join("a");
    begin_recording(second, "a_2");
    finish("a_1", "", camera::EndReason::disconnected);
    control::StopRequest own;
    own.owner = "kim:1";
    stop(own);
    EXPECT_EQ(count_sent<StopOrder>(second), 1U) << "what goes on from it is meant as well";
    finish("a_2");
    ASSERT_TRUE(stopped && stopped->ok());
    ASSERT_EQ((*stopped)->results.size(), 1U);
    const control::StopResult& result = (*stopped)->results[0];
    EXPECT_TRUE((*stopped)->ok);
    EXPECT_EQ(result.session, "a_2");
    const std::vector<control::SessionPart> parts{
        {"a_1", 1, control::RecordingState::done, "disconnected"},
        {"a_2", 2, control::RecordingState::done, "stopped"}};
    EXPECT_EQ(result.parts, parts);
    ASSERT_EQ(result.files.size(), 2U);
    EXPECT_EQ(result.files[0].path, "/r/a_1/stream.mp4");
}

TEST_F(CapturesTest, a_stop_waits_for_the_first_part_as_well) {
    const LinkPtr first = join("a");
    START_AND_OPEN(first, {}, "a_1");
    captures.on_report(first, StateChanged{camera::State::gone, ""});
    leave(first, true);
    const LinkPtr second = join("a");
    begin_recording(second, "a_2");
    stop({});
    finish("a_2");
    EXPECT_FALSE(stopped);
    finish("a_1", "", camera::EndReason::disconnected);
    ASSERT_TRUE(stopped && stopped->ok());
    ASSERT_EQ((*stopped)->results.size(), 1U);
    EXPECT_EQ((*stopped)->results[0].parts.size(), 2U);
    EXPECT_EQ((*stopped)->results[0].session, "a_2");
}

/// What a recording goes on in when one has ended by itself: the next part, or after max_session
/// another recording.
struct Follower {
    camera::EndReason why_ended;
    unsigned part;
};

class FollowingCaptures : public CapturesTest,
                          public testing::WithParamInterface<std::tuple<Follower, bool>> {};

TEST_P(FollowingCaptures, are_listed_by_a_stop_whichever_is_finished_first) {
    const auto& [follower, in_order] = GetParam();
    const LinkPtr link = join("a");
    START_AND_OPEN(link, {}, "a_1");
    record::SessionStart next;
    next.part = follower.part;
    open(link, "a_2", next);
    end("a_1");
    stop({});
    end("a_2");
    const auto finish_one = [&](bool is_first) {
        if (is_first) return finish("a_1", "", follower.why_ended);
        finish("a_2");
    };
    finish_one(in_order);
    EXPECT_FALSE(stopped);
    finish_one(!in_order);
    ASSERT_TRUE(stopped && stopped->ok());
    EXPECT_TRUE((*stopped)->ok);
    ASSERT_EQ((*stopped)->results.size(), 1U);
    const control::StopResult& result = (*stopped)->results[0];
    EXPECT_EQ(result.session, "a_2");
    const std::vector<control::SessionPart> parts{
        {"a_1", 1, control::RecordingState::done,
         std::string(camera::to_string(follower.why_ended))},
        {"a_2", follower.part, control::RecordingState::done, "stopped"}};
    EXPECT_EQ(result.parts, parts);
    ASSERT_EQ(result.files.size(), 2U);
    EXPECT_EQ(result.files[0].path, "/r/a_1/stream.mp4");
}

INSTANTIATE_TEST_SUITE_P(Stop, FollowingCaptures,
                         testing::Combine(testing::Values(Follower{camera::EndReason::max_bytes, 2},
                                                          Follower{camera::EndReason::max_session,
                                                                   1}),
                                          testing::Bool()));

TEST_F(CapturesTest, a_camera_that_stopped_by_itself_is_not_started_again) {
    const LinkPtr first = join("a");
    captures.on_report(first, StartSent{});
    captures.on_report(first, StateChanged{camera::State::recording, "a_1"});
    captures.on_report(first, StateChanged{camera::State::finalising, ""});
    captures.on_report(first, StateChanged{camera::State::gone, ""});
    leave(first, false);
    EXPECT_EQ(start_sent(sent[join("a")->id]), nullptr);
}

/// A camera that was recording when the disk refused, and is idle now.
struct OnFullDisk : CapturesTest {
    void refuse(const LinkPtr& link, const std::string& id) {
        const auto& session = of_id.at(id);
        captures.on_event(record::Failed{session->serial(), link->name, id, "No space left"},
                          session);
        captures.on_report(link, StateChanged{camera::State::finalising, ""});
    }
    LinkPtr record_until_full() {
        LinkPtr link = join("a");
        StartOrder order;
        order.take = "walk1";
        order.parameters.fps = 15;
        captures.on_report(link, StartSent{order});
        captures.on_report(link, StateChanged{camera::State::recording, "a_1"});
        open(link, "a_1");
        refuse(link, "a_1");
        return link;
    }
    void be_idle(const LinkPtr& link) {
        finish("a_1", "No space left", camera::EndReason::disk);
        captures.on_report(link, StateChanged{camera::State::idle, ""});
    }
    void room() { captures.on_event(record::RoomAgain{}, nullptr); }
};

TEST_F(OnFullDisk, a_camera_is_started_again_when_there_is_room) {
    const LinkPtr link = record_until_full();
    be_idle(link);
    EXPECT_EQ(start_sent(sent[link->id]), nullptr);
    room();
    const StartOrder* again = start_sent(sent[link->id]);
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(again->take, "walk1");
    EXPECT_EQ(again->parameters.fps, 15U);
    EXPECT_EQ(again->part, 2U);
    room();
    EXPECT_EQ(count_sent<StartOrder>(link), 1U);
}

TEST_F(OnFullDisk, a_camera_that_is_watched_is_started_again_when_there_is_room) {
    const LinkPtr link = record_until_full();
    be_idle(link);
    captures.on_report(link, StateChanged{camera::State::previewing, ""});
    EXPECT_EQ(count_sent<StartOrder>(link), 0U);
    room();
    EXPECT_EQ(count_sent<StartOrder>(link), 1U);
}

TEST_F(OnFullDisk, room_that_comes_while_its_files_are_made_is_enough) {
    const LinkPtr link = record_until_full();
    room();
    EXPECT_EQ(count_sent<StartOrder>(link), 1U);
}

TEST_F(OnFullDisk, room_that_comes_before_the_camera_has_stopped_is_used_then) {
    const LinkPtr link = join("a");
    captures.on_report(link, StartSent{});
    captures.on_report(link, StateChanged{camera::State::recording, "a_1"});
    open(link, "a_1");
    const auto& session = of_id.at("a_1");
    captures.on_event(record::Failed{session->serial(), "a", "a_1", "No space left"}, session);
    room();
    EXPECT_EQ(count_sent<StartOrder>(link), 0U);
    captures.on_report(link, StateChanged{camera::State::finalising, ""});
    EXPECT_EQ(count_sent<StartOrder>(link), 1U);
}

TEST_F(OnFullDisk, a_stop_says_that_it_is_not_meant_any_more) {
    const LinkPtr link = record_until_full();
    be_idle(link);
    control::StopRequest request;
    request.cameras = {"a"};
    stop(request);
    room();
    EXPECT_EQ(count_sent<StartOrder>(link), 0U);
}

TEST_F(OnFullDisk, a_disk_that_is_full_once_more_is_waited_for_once_more) {
    const LinkPtr link = record_until_full();
    be_idle(link);
    room();
    captures.on_report(link, StartSent{*start_sent(sent[link->id])});
    captures.on_report(link, StateChanged{camera::State::recording, "a_2"});
    open(link, "a_2");
    refuse(link, "a_2");
    EXPECT_EQ(count_sent<StartOrder>(link), 1U);
    room();
    EXPECT_EQ(count_sent<StartOrder>(link), 2U);
}

TEST_F(OnFullDisk, a_camera_that_left_meanwhile_is_started_when_it_returns_and_there_is_room) {
    const LinkPtr first = record_until_full();
    be_idle(first);
    captures.on_report(first, StateChanged{camera::State::gone, ""});
    leave(first, false);
    const LinkPtr early = join("a");
    EXPECT_EQ(count_sent<StartOrder>(early), 0U) << "it would fail at once";
    room();
    EXPECT_EQ(count_sent<StartOrder>(early), 1U);
}

TEST_F(OnFullDisk, a_camera_that_is_renamed_meanwhile_goes_on_under_its_new_name) {
    LinkPtr link = connect_from("10.0.0.7");
    captures.on_report(link, Joined{});
    captures.on_report(link, StartSent{});
    captures.on_report(link, StateChanged{camera::State::recording, "a_1"});
    open(link, "a_1");
    refuse(link, "a_1");
    be_idle(link);
    ASSERT_TRUE(cameras.give_name("10.0.0.7", "door").ok());
    room();
    EXPECT_EQ(count_sent<StartOrder>(link), 1U);
    control::StopRequest request;
    request.cameras = {"10.0.0.7"};
    stop(request);
    ASSERT_TRUE(stopped);
    EXPECT_FALSE(stopped->ok()) << "nothing is meant for the old name";
}

TEST_F(CapturesTest, a_camera_that_says_late_what_it_is_goes_on_under_the_name_of_its_model) {
    Options with_rule;
    with_rule.name_rules = {{std::nullopt, "Pixel 9", "phone"}};
    options.replace(with_rule);
    LinkPtr link = connect_from("10.0.0.7");
    captures.on_report(link, Joined{});
    captures.on_report(link, Described{"Pixel 9"});
    EXPECT_EQ(link->name, "phone");
    captures.on_report(link, StartSent{});
    captures.on_report(link, StateChanged{camera::State::recording, "phone_1"});
    leave(link, false);
    link = connect_from("10.0.0.7");
    captures.on_report(link, Joined{});
    EXPECT_EQ(count_sent<StartOrder>(link), 0U);
    captures.on_report(link, Described{"Pixel 9"});
    EXPECT_EQ(count_sent<StartOrder>(link), 1U);
}

TEST_F(CapturesTest, a_camera_that_records_gets_the_name_of_its_model_when_that_is_over) {
    Options with_rule;
    with_rule.name_rules = {{std::nullopt, "Pixel 9", "phone"}};
    options.replace(with_rule);
    const LinkPtr link = connect_from("10.0.0.7");
    captures.on_report(link, StateChanged{camera::State::recording, "a_1"});
    captures.on_report(link, Described{"Pixel 9"});
    EXPECT_EQ(link->name, "10.0.0.7");
    EXPECT_EQ(count_sent<Named>(link), 1U);
    captures.on_report(link, StateChanged{camera::State::finalising, ""});
    EXPECT_EQ(link->name, "10.0.0.7");
    captures.on_report(link, StateChanged{camera::State::idle, ""});
    EXPECT_EQ(link->name, "phone");
    EXPECT_EQ(count_sent<Named>(link), 2U);
}

TEST_F(OnFullDisk, a_start_that_was_refused_for_it_does_not_begin_later) {
    const LinkPtr link = join("a");
    start({});
    captures.on_report(link, StartSent{first_order(link)});
    captures.on_report(link, StateChanged{camera::State::recording, ""});
    record::SessionStart unopened;
    unopened.camera = "a";
    unopened.owner = link;
    of_id["a_1"] = recorder.open(std::move(unopened));
    refuse(link, "a_1");
    answer(link, CameraAnswer::Kind::refused, "", "No space left");
    ASSERT_TRUE(started && started->ok());
    EXPECT_FALSE((*started)->ok);
    captures.on_report(link, StateChanged{camera::State::idle, ""});
    room();
    EXPECT_EQ(count_sent<StartOrder>(link), 1U);
}

TEST_F(OnFullDisk, a_start_that_began_goes_on_when_there_is_room) {
    const LinkPtr link = join("a");
    START_AND_OPEN(link, {}, "a_1");
    refuse(link, "a_1");
    be_idle(link);
    room();
    EXPECT_EQ(count_sent<StartOrder>(link), 2U);
}

TEST_F(OnFullDisk, a_camera_that_nobody_started_is_not_started) {
    const LinkPtr link = join("a");
    captures.on_report(link, StateChanged{camera::State::recording, "a_1"});
    open(link, "a_1");
    refuse(link, "a_1");
    be_idle(link);
    room();
    EXPECT_EQ(count_sent<StartOrder>(link), 0U);
}

TEST_F(CapturesTest, a_camera_that_returns_goes_on_behind_the_parts_that_were_made_meanwhile) {
    const LinkPtr first = join("a");
    captures.on_report(first, StartSent{});
    captures.on_report(first, StateChanged{camera::State::recording, "a_1"});
    open(first, "a_1");
    record::SessionStart start;  // its file was full
    start.camera = "a";
    start.owner = first;
    start.part = 2;
    const auto next = recorder.open(std::move(start));
    captures.on_event(record::Opened{next->serial(), "a", "a_2"}, next);
    captures.on_report(first, StateChanged{camera::State::gone, ""});
    leave(first, false);
    const StartOrder* again = start_sent(sent[join("a")->id]);
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(again->part, 3U);
}

TEST_F(CapturesTest, auto_start_starts_who_joins_and_not_who_only_connects) {
    Options next;
    next.auto_start = camera::StartParameters{};
    options.replace(next);
    EXPECT_EQ(start_sent(sent[connect("mute")->id]), nullptr);
    EXPECT_NE(start_sent(sent[join("a")->id]), nullptr);
}

// ---- preview -----------------------------------------------------------------------------------

class PreviewTest : public CapturesTest {
 protected:
    void preview(const control::PreviewRequest& request) {
        previewed.reset();
        captures.previews().preview(request, [this](control::Decoded<control::PreviewReply> made) {
            previewed = std::move(made);
        });
    }
    void watch_on_view() {
        Options next;
        next.previews_on_view = true;
        options.replace(next);
    }
    std::optional<control::Decoded<control::PreviewReply>> previewed;
};

TEST_F(PreviewTest, answers_when_the_last_camera_streams) {
    const LinkPtr a = join("a");
    const LinkPtr b = join("b");
    connect("mute");
    control::PreviewRequest request;
    request.client = "kim@desk";
    preview(request);
    answer(a, CameraAnswer::Kind::previewing);
    EXPECT_FALSE(previewed);
    answer(b, CameraAnswer::Kind::refused, "", "no lens");
    ASSERT_TRUE(previewed && previewed->ok());
    EXPECT_FALSE((*previewed)->ok);
    ASSERT_EQ((*previewed)->results.size(), 2U);
    EXPECT_EQ((*previewed)->results[0].outcome, control::PreviewOutcome::previewing);
    EXPECT_EQ((*previewed)->results[1].outcome, control::PreviewOutcome::refused);
    EXPECT_EQ((*previewed)->results[1].error, "no lens");
    EXPECT_EQ(std::get<PreviewOrder>(sent[a->id].back()).asked_by, "kim@desk");
}

TEST_F(PreviewTest, of_a_silent_camera_times_out_and_of_a_lost_one_ends) {
    join("a");
    const LinkPtr b = join("b");
    control::PreviewRequest request;
    request.timeout = seconds(2);
    preview(request);
    leave(b, false);
    timers.advance(seconds(2));
    ASSERT_TRUE(previewed && previewed->ok());
    EXPECT_EQ((*previewed)->results[0].outcome, control::PreviewOutcome::timeout);
    EXPECT_EQ((*previewed)->results[1].outcome, control::PreviewOutcome::disconnected);
}

TEST_F(PreviewTest, of_an_unknown_camera_is_refused_before_anything_streams) {
    const LinkPtr a = join("door");
    control::PreviewRequest request;
    request.cameras = {"door", "dor"};
    preview(request);
    ASSERT_TRUE(previewed && !previewed->ok());
    EXPECT_EQ(previewed->error().message, "no such camera: dor (did you mean door?)");
    EXPECT_EQ(count_sent<PreviewOrder>(a), 0U);
}

TEST_F(PreviewTest, begins_with_the_first_viewer_and_ends_with_the_last_if_it_is_to) {
    const LinkPtr a = join("door");
    captures.previews().on_viewers("door", 1);
    EXPECT_EQ(count_sent<PreviewOrder>(a), 0U) << "the default is off";
    captures.previews().on_viewers("door", 0);
    watch_on_view();
    captures.previews().on_viewers("door", 1);
    EXPECT_EQ(count_sent<PreviewOrder>(a), 1U);
    captures.previews().on_viewers("door", 2);
    captures.previews().on_viewers("door", 1);
    EXPECT_EQ(count_sent<PreviewOrder>(a), 1U);
    EXPECT_EQ(count_sent<PreviewEnd>(a), 0U);
    captures.previews().on_viewers("door", 0);
    EXPECT_EQ(count_sent<PreviewEnd>(a), 1U);
}

TEST_F(PreviewTest, that_a_user_asked_for_stays_when_the_last_viewer_leaves) {
    watch_on_view();
    const LinkPtr a = join("door");
    preview({});
    captures.previews().on_viewers("door", 1);
    captures.previews().on_viewers("door", 0);
    EXPECT_EQ(count_sent<PreviewEnd>(a), 0U);
    control::PreviewRequest stop_it;
    stop_it.stop = true;
    preview(stop_it);
    EXPECT_EQ(count_sent<PreviewEnd>(a), 1U);
    EXPECT_EQ((*previewed)->results[0].outcome, control::PreviewOutcome::stopped);
}

TEST_F(PreviewTest, of_a_watched_camera_begins_when_it_joins_and_outlives_a_recording) {
    watch_on_view();
    captures.previews().on_viewers("door", 1);
    const LinkPtr a = join("door");
    EXPECT_EQ(count_sent<PreviewOrder>(a), 1U);
    START_AND_OPEN(a, {}, "door_1");
    stop({});
    EXPECT_TRUE(std::get<StopOrder>(sent[a->id].back()).keeps_preview);
    captures.previews().on_viewers("door", 0);
    stop({});
    EXPECT_FALSE(std::get<StopOrder>(sent[a->id].back()).keeps_preview);
}

TEST_F(PreviewTest, lets_somebody_glance_at_an_idle_camera) {
    const LinkPtr a = join("door");
    int looked = 0;
    const auto look = [&] { captures.previews().glance("door", [&](bool) { ++looked; }); };
    look();
    EXPECT_EQ(looked, 1) << "previews are off: at once";
    watch_on_view();
    look();
    EXPECT_EQ(looked, 1);
    EXPECT_EQ(count_sent<PreviewOrder>(a), 1U);
    answer(a, CameraAnswer::Kind::previewing);
    EXPECT_EQ(looked, 2);
    EXPECT_EQ(count_sent<PreviewEnd>(a), 0U);
    timers.advance(seconds(15));
    EXPECT_EQ(count_sent<PreviewEnd>(a), 1U);
}

// ---- resuming ----------------------------------------------------------------------------------

class SuspendedTest : public CapturesTest {
 protected:
    SuspendedTest() {
        first = join("a");
        control::StartRequest request;
        request.cameras = {"a"};
        start(request);
        begin_recording(first, "a_1");
        session = of_id.at("a_1");
        Suspended kept;
        kept.capture = "c1";
        kept.session = session;
        captures.on_report(first, std::move(kept));
        captures.on_report(first, Left{"gone", true, milliseconds(300'000), ""});
    }
    bool is_granted(const LinkPtr& link) const {
        for (const ToConnection& message : sent.at(link->id)) {
            const auto* resumed = std::get_if<Resumed>(&message);
            if (resumed != nullptr) return resumed->what != nullptr;
        }
        return false;
    }
    void stop_a() {
        control::StopRequest request;
        request.cameras = {"a"};
        request.client = "kim@desk";
        stop(request);
    }
    LinkPtr first;
    record::SessionPtr session;
};

TEST_F(SuspendedTest, a_recording_is_open_until_its_camera_has_been_away_for_too_long) {
    EXPECT_EQ(events.last("camera.disconnected", "awaited_ms"), "300000");
    timers.advance(seconds(299));
    EXPECT_FALSE(session->ended());
    timers.advance(seconds(1));
    EXPECT_TRUE(session->ended());
}

TEST_F(SuspendedTest, the_camera_goes_on_with_it_on_its_next_connection) {
    const LinkPtr second = join("a");
    EXPECT_EQ(count_sent<StartOrder>(second), 0U) << "it is not started again";
    captures.on_report(second, ResumeAsked{"c1"});
    EXPECT_TRUE(is_granted(second));
    captures.on_report(second, StateChanged{camera::State::recording, "a_1"});
    timers.advance(seconds(600));
    EXPECT_FALSE(session->ended());
    stop_a();
    EXPECT_FALSE(stopped);
    end("a_1");
    finish("a_1");  // of a session that the first connection opened
    ASSERT_TRUE(stopped && stopped->ok());
    EXPECT_TRUE((*stopped)->ok);
    EXPECT_EQ((*stopped)->results[0].session, "a_1");
}

TEST_F(SuspendedTest, one_that_has_forgotten_it_begins_anew) {
    const LinkPtr second = join("a");
    captures.on_report(second, ResumeAsked{"c0"});
    timers.advance(seconds(2));
    EXPECT_FALSE(is_granted(second));
    EXPECT_TRUE(session->ended());
    const StartOrder* again = start_sent(sent[second->id]);
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(again->part, 2U);
}

TEST_F(CapturesTest, a_stop_just_before_the_loss_is_told_holds) {
    for (const bool has_lost_its_name : {false, true}) {
        SCOPED_TRACE(has_lost_its_name);
        const std::string name = has_lost_its_name ? "b" : "a";
        const LinkPtr link = join(name);
        control::StartRequest request;
        request.cameras = {name};
        START_AND_OPEN(link, request, name + "_1");
        if (has_lost_its_name) cameras.left(link, "replaced");
        control::StopRequest stop_it;
        stop_it.cameras = {name};
        stop_it.client = "kim@desk";
        stopped.reset();
        stop(stop_it);
        Suspended kept;
        kept.capture = name;
        kept.session = of_id.at(name + "_1");
        captures.on_report(link, std::move(kept));
        captures.on_report(link, StateChanged{camera::State::gone, ""});
        answer(link, CameraAnswer::Kind::not_recording);
        captures.on_report(link, Left{"gone", true, milliseconds(300'000), ""});
        EXPECT_FALSE(stopped);
        timers.advance(options->stop_timeout);
        EXPECT_TRUE(of_id.at(name + "_1")->ended());
        end(name + "_1");
        finish(name + "_1", "", camera::EndReason::stop_timeout);
        EXPECT_TRUE(stopped);
        leave(link, false);
    }
}

TEST_F(CapturesTest, a_stop_that_was_obeyed_does_not_hold_for_the_next_capture) {
    const LinkPtr link = join("a");
    START_AND_OPEN(link, {}, "a_1");
    stop({});
    captures.on_report(link, StateChanged{camera::State::finalising, ""});
    end("a_1");
    finish("a_1");
    captures.on_report(link, StartSent{first_order(link)});
    open(link, "a_2");
    Suspended kept;
    kept.capture = "c2";
    kept.session = of_id.at("a_2");
    captures.on_report(link, std::move(kept));
    timers.advance(seconds(100));
    EXPECT_FALSE(of_id.at("a_2")->ended());
}

TEST_F(CapturesTest, a_camera_may_be_back_before_its_lost_connection_has_said_so) {
    const LinkPtr first = join("a");
    control::StartRequest request;
    request.cameras = {"a"};
    start(request);
    begin_recording(first, "a_1");
    cameras.left(first, "replaced");
    const LinkPtr second = join("a");
    captures.on_report(second, ResumeAsked{"c1"});
    EXPECT_EQ(count_sent<StartOrder>(second), 0U);
    EXPECT_EQ(count_sent<Resumed>(second), 0U);
    Suspended kept;
    kept.capture = "c1";
    kept.session = of_id.at("a_1");
    captures.on_report(first, std::move(kept));
    captures.on_report(first, Left{"replaced", true, milliseconds(300'000), ""});
    EXPECT_EQ(count_sent<Resumed>(second), 1U);
    timers.advance(seconds(600));
    EXPECT_FALSE(of_id.at("a_1")->ended());
    EXPECT_EQ(count_sent<StartOrder>(second), 0U);
}

TEST_F(SuspendedTest, one_that_has_begun_another_capture_leaves_it) {
    const LinkPtr second = join("a");
    captures.on_report(second, ResumeRefused{"c1"});
    EXPECT_TRUE(session->ended());
}

TEST_F(SuspendedTest, one_that_has_forgotten_it_and_is_watched_meanwhile_begins_anew) {
    const LinkPtr second = join("a");
    captures.on_report(second, StateChanged{camera::State::previewing, ""});
    timers.advance(seconds(2));
    EXPECT_TRUE(session->ended());
    EXPECT_EQ(count_sent<StartOrder>(second), 1U);
}

TEST_F(SuspendedTest, one_that_goes_on_and_stops_by_itself_is_not_started_again) {
    const LinkPtr second = join("a");
    captures.on_report(second, ResumeAsked{"c1"});
    captures.on_report(second, StateChanged{camera::State::recording, "a_1"});
    captures.on_report(second, StateChanged{camera::State::finalising, ""});
    leave(second, true);
    EXPECT_EQ(count_sent<StartOrder>(join("a")), 0U);
}

TEST_F(SuspendedTest, one_that_blinks_is_waited_for_as_before) {
    const LinkPtr second = join("a");
    leave(second, false);
    timers.advance(seconds(60));
    EXPECT_FALSE(session->ended());
}

TEST_F(SuspendedTest, a_stop_gives_it_a_moment_to_return_and_send_the_rest) {
    stop_a();
    timers.advance(seconds(9));
    EXPECT_FALSE(session->ended());
    const LinkPtr second = join("a");
    captures.on_report(second, ResumeAsked{"c1"});
    EXPECT_TRUE(is_granted(second));
    end("a_1");
    finish("a_1");
    ASSERT_TRUE(stopped && stopped->ok());
    EXPECT_TRUE((*stopped)->ok) << "it has come back";
}

TEST_F(SuspendedTest, a_stop_of_one_that_does_not_return_ends_it) {
    stop_a();
    timers.advance(seconds(10));
    EXPECT_TRUE(session->ended());
    end("a_1");
    finish("a_1", {}, camera::EndReason::stop_timeout);
    ASSERT_TRUE(stopped && stopped->ok());
    EXPECT_FALSE((*stopped)->ok);
}

TEST_F(SuspendedTest, a_full_disk_ends_it) {
    captures.on_event(record::Failed{session->serial(), "a", "a_1", "no space"}, session);
    EXPECT_TRUE(session->ended());
}

}  // namespace
}  // namespace st::capture
