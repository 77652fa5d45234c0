#include "capture/camera_connection.h"

#include <gtest/gtest.h>

#include "camera/frame.h"
#include "capture/fakes.h"
#include "hub/hub.h"
#include "media/synthetic.h"

namespace st::capture {
namespace {

using camera::State;
using std::chrono::milliseconds;
using std::chrono::seconds;

const std::vector<std::uint8_t> kIdr = {0,    0, 0, 1, 0x67, 0x42, 0xC0, 0x1E, 0xDA, 0x02,
                                        0x80, 0, 0, 0, 1,    0x68, 0xCE, 0x3C, 0x80,  //
                                        0,    0, 0, 1, 0x65, 0x88, 0x84, 0x00, 0x33};
const std::vector<std::uint8_t> kInter = {0, 0, 0, 1, 0x41, 0x9A, 0x24, 0x6C};

class CameraConnectionTest : public ::testing::Test {
 protected:
    CameraConnectionTest() { connect(); }

    void connect(bool has_default_name = false) {
        link = std::make_shared<CameraLink>(1, "10.0.0.7:51544", "/ingest/door", 0);
        link->name = "door";
        link->name_is_default = has_default_name;
        link->may_be_renamed = has_default_name;
        link->report = [this](FromConnection message) { reports.push_back(std::move(message)); };
        link->send = [this](ToConnection message) { connection->on_message(message); };
        CameraConnection::Uses uses{options,
                                    Log(),
                                    counters,
                                    shutting_down,
                                    hub,
                                    [this](record::SessionStart start) {
                                        return recorder.open(std::move(start)); }};
        connection = std::make_shared<CameraConnection>(std::move(uses), timers, link);
        auto made = std::make_unique<FakeSocket>();
        socket = made.get();
        socket->on_close = [this](std::uint16_t code, const std::string& reason) {
            connection->on_over(code, reason);
        };
        connection->set_socket(std::move(made), [this] { ++gone; });
        connection->start({});
        connection->on_input();
    }
    void text(const std::string& words) {
        connection->on_input();
        connection->on_text(words);
    }
    void status(const std::string& word) { text(R"({"status":")" + word + R"("})"); }
    void frame(const std::vector<std::uint8_t>& payload) {
        connection->on_input();
        const auto header = camera::encode_header({time_ms += 33, seq++, payload});
        Buffer message{Bytes(header)};
        message.append(payload);
        connection->on_binary(std::move(message));
    }
    void order_start(std::optional<std::int64_t> begin_ns = {}) {
        StartOrder order;
        order.begin_ns = begin_ns;
        order.request = 7;
        order.take = "walk1";
        order.started_by = "kim@desk";
        connection->on_message(order);
    }
    void opened(const std::string& id) {
        connection->on_message(
            SessionNews{SessionNews::Kind::opened, recorder.sessions.back()->serial(), id});
    }
    void finished() {
        connection->on_message(
            SessionNews{SessionNews::Kind::finished, recorder.sessions.back()->serial(), {}});
    }
    /// Idle to recording "door_1".
    void record() {
        order_start();
        status("capture_started");
        opened("door_1");
    }
    /// The questions about its clock, by id.
    std::vector<std::uint32_t> questions() const {
        std::vector<std::uint32_t> ids;
        for (const std::string& sent : socket->texts) {
            const auto command = camera::decode_command(sent);
            const auto* one = command ? std::get_if<camera::ClockRequest>(&*command) : nullptr;
            if (one != nullptr) ids.push_back(one->id);
        }
        return ids;
    }
    /// By a clock that is so far ahead, for the last question, now.
    void answer_clock(std::int64_t ahead_us = 5'000'000) {
        const auto now_us = static_cast<std::uint64_t>(timers.clock_ns() / 1000 + ahead_us);
        text(camera::encode_clock_reply({questions().back(), now_us, now_us}));
    }
    /// What the last start_capture says.
    std::optional<std::uint64_t> start_at() const {
        std::optional<std::uint64_t> at;
        for (const std::string& sent : socket->texts) {
            const auto command = camera::decode_command(sent);
            const auto* one = command ? std::get_if<camera::Start>(&*command) : nullptr;
            if (one != nullptr) at = one->parameters.start_at;
        }
        return at;
    }
    template <class Report>
    const Report* last() const {
        const Report* found = nullptr;
        for (const FromConnection& message : reports) {
            if (const auto* one = std::get_if<Report>(&message)) found = one;
        }
        return found;
    }
    std::size_t happened(const std::string& type) const {
        std::size_t count = 0;
        for (const FromConnection& message : reports) {
            const auto* one = std::get_if<Happened>(&message);
            count += one != nullptr && one->type == type ? 1 : 0;
        }
        return count;
    }

    ManualTimers timers;
    Current<Options> options{Options{}};
    Counters counters;
    std::atomic<bool> shutting_down{false};
    hub::Hub hub{hub::Options{}, {}, [](const hub::Event&) {}};
    UnwrittenSessions recorder;
    LinkPtr link;
    std::shared_ptr<CameraConnection> connection;
    FakeSocket* socket = nullptr;
    std::vector<FromConnection> reports;
    int gone = 0;
    std::uint64_t time_ms = 0;
    std::uint32_t seq = 0;
};

TEST_F(CameraConnectionTest, a_start_is_answered_when_the_recording_has_a_folder) {
    order_start();
    ASSERT_EQ(socket->texts.size(), 1U);
    EXPECT_NE(socket->texts[0].find("start_capture"), std::string::npos);
    EXPECT_EQ(connection->state(), State::starting);
    status("capture_started");
    EXPECT_EQ(connection->state(), State::recording);
    EXPECT_EQ(last<CameraAnswer>(), nullptr);
    opened("door_1");
    ASSERT_NE(last<CameraAnswer>(), nullptr);
    EXPECT_EQ(last<CameraAnswer>()->kind, CameraAnswer::Kind::started);
    EXPECT_EQ(last<CameraAnswer>()->session, "door_1");
    EXPECT_EQ(last<CameraAnswer>()->request, 7U);
    EXPECT_EQ(recorder.sessions[0]->start().take, "walk1");
    EXPECT_EQ(recorder.sessions[0]->start().started_by, "kim@desk");
}

TEST_F(CameraConnectionTest, frames_held_before_a_start_count_as_the_cameras_until_they_expire) {
    frame(kIdr);
    frame(kInter);
    EXPECT_EQ(socket->held.whole, kIdr.size() + kInter.size() + 2 * camera::kHeaderBytes);
    timers.advance(seconds(3));
    EXPECT_EQ(socket->held.whole, 0U);
    frame(kIdr);
    EXPECT_GT(socket->held.whole, 0U);
    order_start();
    EXPECT_EQ(socket->held.whole, 0U);
}

TEST_F(CameraConnectionTest, a_camera_that_does_not_start_in_time_is_a_timeout) {
    order_start();
    timers.advance(milliseconds(9'999));
    EXPECT_EQ(last<CameraAnswer>(), nullptr);
    timers.advance(milliseconds(1));
    ASSERT_NE(last<CameraAnswer>(), nullptr);
    EXPECT_EQ(last<CameraAnswer>()->kind, CameraAnswer::Kind::start_timeout);
    EXPECT_EQ(connection->state(), State::idle);
    EXPECT_EQ(socket->texts.back(), camera::encode_stop()) << "it may be about to begin";
    status("capture_started");
    status("capture_stopped");
    EXPECT_TRUE(recorder.sessions.back()->ended());
}

TEST_F(CameraConnectionTest, a_second_start_is_told_what_records) {
    record();
    reports.clear();
    order_start();
    ASSERT_NE(last<CameraAnswer>(), nullptr);
    EXPECT_EQ(last<CameraAnswer>()->kind, CameraAnswer::Kind::already_recording);
    EXPECT_EQ(last<CameraAnswer>()->session, "door_1");
    EXPECT_EQ(socket->texts.size(), 1U) << "the camera is not asked again";
}

TEST_F(CameraConnectionTest, starting_it_with_other_parameters_is_refused_to_that_request_alone) {
    order_start();
    StartOrder other;
    other.request = 8;
    other.given = true;
    other.parameters.fps = 15;
    connection->on_message(other);
    ASSERT_NE(last<CameraAnswer>(), nullptr);
    EXPECT_EQ(last<CameraAnswer>()->kind, CameraAnswer::Kind::refused);
    EXPECT_EQ(last<CameraAnswer>()->request, 8U);
    EXPECT_EQ(connection->state(), State::starting);
}

TEST_F(CameraConnectionTest, frames_before_the_start_go_into_the_recording) {
    frame(kIdr);
    frame(kInter);
    status("capture_started");
    ASSERT_EQ(recorder.sessions.size(), 1U);
    EXPECT_GE(
        recorder.sessions[0]->queued_bytes(),
        kIdr.size() + kInter.size() + 2 * (camera::kHeaderBytes + sizeof(record::Session::Item)));
    EXPECT_TRUE(recorder.sessions[0]->start().first_held_ns);
}

TEST_F(CameraConnectionTest, held_frames_expire_though_the_camera_is_silent) {
    frame(kIdr);
    frame(kInter);
    EXPECT_GT(timers.size(), 0U);
    timers.advance(milliseconds(2'001));
    EXPECT_EQ(timers.size(), 1U) << "for what viewers may be given, whatever its age; for none of "
                                    "what a recording would begin with";
    status("capture_started");
    EXPECT_EQ(recorder.sessions[0]->queued_bytes(), 0U);
}

TEST_F(CameraConnectionTest, frames_of_a_capture_that_stopped_are_not_in_the_next) {
    frame(kIdr);
    status("capture_stopped");
    status("capture_started");
    EXPECT_EQ(recorder.sessions[0]->queued_bytes(), 0U);
}

TEST_F(CameraConnectionTest, a_full_queue_stops_the_reading_until_there_is_room) {
    recorder.budget_bytes = 10;
    record();
    frame(kIdr);
    EXPECT_TRUE(socket->is_paused);
    EXPECT_EQ(happened("camera.stalled"), 1U);
    frame(kInter);
    EXPECT_EQ(happened("camera.stalled"), 1U);
    connection->on_message(
        SessionNews{SessionNews::Kind::has_room, recorder.sessions[0]->serial(), {}});
    EXPECT_FALSE(socket->is_paused);
}

TEST_F(CameraConnectionTest, a_stalled_camera_that_is_probed_is_alive) {
    recorder.budget_bytes = 10;
    record();
    frame(kIdr);
    reports.clear();
    connection->on_message(Probe{});
    EXPECT_NE(last<Alive>(), nullptr);
}

/// A viewer that counts pictures.
class Pictures final : public hub::Tap {
 public:
    void take(const hub::UnitPtr& unit) override {
        const media::Packet& packet = *unit->packet;
        if (packet.track == media::Track::video && !packet.is_config) ++count;
    }
    void publisher_left() override {}
    int count = 0;
};

TEST_F(CameraConnectionTest, a_picture_is_not_taken_for_whole_while_more_of_it_may_be_on_its_way) {
    const auto pictures = std::make_shared<Pictures>();
    const hub::StreamPtr stream =
        hub.attach("/camera/door", pictures, milliseconds(0), timers.clock_ns());
    record();
    std::vector<std::uint8_t> key;
    for (const auto& nal : {media::make_sps({.poc_type = 2}), media::make_pps(),
                            media::make_slice({.poc_type = 2}, {.idr = true})}) {
        key.insert(key.end(), {0, 0, 0, 1});
        key.insert(key.end(), nal.begin(), nal.end());
    }
    frame(key);
    for (bool* why : {&socket->is_within_message, &socket->is_paused}) {
        *why = true;
        timers.advance(seconds(1));
        EXPECT_EQ(pictures->count, 0);
        *why = false;
    }
    timers.advance(milliseconds(300));
    EXPECT_EQ(pictures->count, 1);
    hub.detach(stream, *pictures);
}

TEST_F(CameraConnectionTest, a_probed_camera_is_alive_with_its_next_byte) {
    connection->on_message(Probe{});
    EXPECT_EQ(socket->pings.size(), 1U);
    EXPECT_EQ(last<Alive>(), nullptr);
    connection->on_input();
    EXPECT_NE(last<Alive>(), nullptr);
}

TEST_F(CameraConnectionTest, a_stop_that_is_not_answered_ends_the_recording_without_the_camera) {
    record();
    frame(kIdr);
    connection->on_message(StopOrder{"kim@desk"});
    EXPECT_EQ(connection->state(), State::stopping);
    timers.advance(options->stop_timeout);
    EXPECT_EQ(connection->state(), State::finalising);
    EXPECT_TRUE(recorder.sessions[0]->ended());
    finished();
    EXPECT_EQ(connection->state(), State::idle);
}

TEST_F(CameraConnectionTest, a_stop_of_an_idle_camera_is_answered) {
    connection->on_message(StopOrder{});
    ASSERT_NE(last<CameraAnswer>(), nullptr);
    EXPECT_EQ(last<CameraAnswer>()->kind, CameraAnswer::Kind::not_recording);
}

TEST_F(CameraConnectionTest, a_disk_that_refuses_tells_who_waits_for_the_start) {
    order_start();
    status("capture_started");
    connection->on_message(
        SessionNews{SessionNews::Kind::failed, recorder.sessions[0]->serial(), "No space left"});
    ASSERT_NE(last<CameraAnswer>(), nullptr);
    EXPECT_EQ(last<CameraAnswer>()->kind, CameraAnswer::Kind::refused);
    EXPECT_EQ(last<CameraAnswer>()->error, "No space left");
    EXPECT_EQ(socket->texts.back(), camera::encode_stop());
}

TEST_F(CameraConnectionTest, a_long_session_goes_on_in_another_at_a_key_frame) {
    record();
    frame(kIdr);
    timers.advance(options->max_session);
    frame(kInter);
    EXPECT_EQ(recorder.sessions.size(), 1U);
    frame(kIdr);
    ASSERT_EQ(recorder.sessions.size(), 2U);
    EXPECT_TRUE(recorder.sessions[0]->ended());
    EXPECT_EQ(recorder.sessions[1]->start().take, "walk1");
    EXPECT_GT(recorder.sessions[1]->queued_bytes(), 0U);
}

/// The recorder's part: the file of the open session is full.
record::SessionPtr go_on_in_next(UnwrittenSessions& recorder, std::int64_t now_ns = 0) {
    const record::SessionPtr full = recorder.sessions.back();
    record::SessionStart start = full->start();
    ++start.part;
    start.started_ns = now_ns;
    const record::SessionPtr next = recorder.open(std::move(start));
    full->hand_over(next, {}, std::nullopt);
    return next;
}

TEST_F(CameraConnectionTest, a_recording_whose_file_is_full_goes_on_in_the_next) {
    record();
    frame(kIdr);
    const record::SessionPtr next = go_on_in_next(recorder);
    frame(kInter);  // not told yet
    EXPECT_GT(next->queued_bytes(), 0U);
    opened("door_2");
    EXPECT_EQ(last<StateChanged>()->session, "door_2");
    status("capture_stopped");
    EXPECT_TRUE(next->ended());
    // The first part's files are ready first; the capture is over with the last.
    connection->on_message(
        SessionNews{SessionNews::Kind::finished, recorder.sessions.front()->serial(), {}});
    EXPECT_EQ(connection->state(), State::finalising);
    finished();
    EXPECT_EQ(connection->state(), State::idle);
}

TEST_F(CameraConnectionTest, a_file_that_is_full_while_the_recording_ends_is_waited_for) {
    record();
    frame(kIdr);
    status("capture_stopped");
    ASSERT_EQ(connection->state(), State::finalising);
    go_on_in_next(recorder);
    connection->on_message(
        SessionNews{SessionNews::Kind::finished, recorder.sessions.front()->serial(), {}});
    EXPECT_EQ(connection->state(), State::finalising);
    finished();
    EXPECT_EQ(connection->state(), State::idle);
}

TEST_F(CameraConnectionTest, the_failure_of_a_part_that_goes_on_is_the_recordings) {
    record();
    frame(kIdr);
    const record::SessionPtr next = go_on_in_next(recorder);
    connection->on_message(SessionNews{SessionNews::Kind::failed, next->serial(), "No space left"});
    EXPECT_EQ(connection->state(), State::finalising);
    EXPECT_EQ(socket->texts.back(), camera::encode_stop());
}

TEST_F(CameraConnectionTest, a_long_session_counts_from_the_part_that_goes_on) {
    record();
    frame(kIdr);
    timers.advance(options->max_session / 2);
    go_on_in_next(recorder, timers.clock_ns());
    timers.advance(options->max_session / 2);
    opened("door_2");
    frame(kIdr);
    EXPECT_EQ(recorder.sessions.size(), 2U);
    timers.advance(options->max_session);
    frame(kIdr);
    ASSERT_EQ(recorder.sessions.size(), 3U);
    EXPECT_EQ(recorder.sessions[2]->start().part, 2U) << "of a capture in two parts";
}

TEST_F(CameraConnectionTest, a_camera_that_starts_by_itself_is_in_no_take) {
    record();
    frame(kIdr);
    status("capture_stopped");
    finished();
    status("capture_started");
    ASSERT_EQ(recorder.sessions.size(), 2U);
    EXPECT_FALSE(recorder.sessions[1]->start().take);
    EXPECT_EQ(recorder.sessions[1]->start().started_by, "");
}

TEST_F(CameraConnectionTest, started_said_twice_is_one_recording_until_a_frame_comes) {
    status("capture_started");
    status("capture_started");
    EXPECT_EQ(recorder.sessions.size(), 1U);
    frame(kIdr);
    status("capture_started");
    EXPECT_EQ(recorder.sessions.size(), 2U);
    EXPECT_TRUE(recorder.sessions[0]->ended());
}

TEST_F(CameraConnectionTest, only_what_a_camera_does_makes_it_one) {
    text("hello");
    EXPECT_EQ(last<Joined>(), nullptr);
    Buffer broken(std::size_t{5});
    connection->on_binary(std::move(broken));
    EXPECT_EQ(last<Joined>(), nullptr);
    EXPECT_EQ(link->bad.load(), 1U);
    status("ready");
    EXPECT_NE(last<Joined>(), nullptr);
}

TEST_F(CameraConnectionTest, a_model_may_give_the_first_recording_its_name) {
    Options with_rule;
    with_rule.name_rules = {{std::nullopt, "Pixel 9", "phone"}};
    options.replace(with_rule);
    connect(true);
    text(R"({"type":"capabilities","deviceModel":"Pixel 9"})");
    ASSERT_NE(last<Described>(), nullptr);
    status("capture_started");
    frame(kIdr);
    EXPECT_TRUE(recorder.sessions.empty()) << "under which name is not known yet";
    connection->on_message(Named{"phone"});
    ASSERT_EQ(recorder.sessions.size(), 1U);
    EXPECT_EQ(recorder.sessions[0]->camera(), "phone");
    EXPECT_GT(recorder.sessions[0]->queued_bytes(), 0U) << "no picture was lost meanwhile";
}

TEST_F(CameraConnectionTest, a_capture_that_ends_before_its_name_is_known_is_recorded) {
    Options with_rule;
    with_rule.name_rules = {{std::nullopt, "Pixel 9", "phone"}};
    options.replace(with_rule);
    connect(true);
    text(R"({"type":"capabilities","deviceModel":"Pixel 9"})");
    status("capture_started");
    frame(kIdr);
    status("capture_stopped");
    ASSERT_EQ(recorder.sessions.size(), 1U);
    EXPECT_GT(recorder.sessions[0]->queued_bytes(), 0U);
    EXPECT_TRUE(recorder.sessions[0]->ended());
}

TEST_F(CameraConnectionTest, length_prefixed_payloads_are_recorded_as_annex_b) {
    record();
    frame({0, 0, 0, 7, 0x67, 0x42, 0xC0, 0x1E, 0xDA, 0x02, 0x80,  //
           0, 0, 0, 4, 0x68, 0xCE, 0x3C, 0x80,                    //
           0, 0, 0, 5, 0x65, 0x88, 0x84, 0x00, 0x33});
    EXPECT_EQ(happened("camera.bad_payload"), 0U);
    EXPECT_EQ(link->undecodable.load(), 0U);
    EXPECT_EQ(link->second_pictures.load(), 0U);
    frame(kInter);
    EXPECT_EQ(link->frames.load(), 2U);
}

TEST_F(CameraConnectionTest, a_payload_nobody_understands_is_said_at_once_and_once_a_second) {
    text(R"({"type":"capabilities","warnings":true})");
    record();
    const std::size_t before = socket->texts.size();
    const std::vector<std::uint8_t> jpeg = {0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3};
    for (int i = 0; i < 10; ++i) frame(jpeg);
    EXPECT_EQ(happened("camera.bad_payload"), 1U);
    ASSERT_EQ(socket->texts.size(), before + 1);
    EXPECT_NE(socket->texts.back().find(R"("status":"warning")"), std::string::npos);
    timers.advance(seconds(1));
    frame(jpeg);
    EXPECT_EQ(happened("camera.bad_payload"), 2U);
    EXPECT_EQ(link->undecodable.load(), 11U);
    EXPECT_GT(recorder.sessions[0]->queued_bytes(), 0U) << "recorded all the same";
}

TEST_F(CameraConnectionTest, a_camera_that_did_not_ask_for_warnings_gets_none) {
    record();
    const std::size_t before = socket->texts.size();
    frame({0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3});
    EXPECT_EQ(happened("camera.bad_payload"), 1U);
    EXPECT_EQ(socket->texts.size(), before);
}

constexpr const char* kAnswering =
    R"({"type":"capabilities","clock":{"unit":"us","exchange":1},"start_at":true})";

TEST_F(CameraConnectionTest, a_camera_without_the_exchange_is_never_asked_for_its_clock) {
    status("ready");
    text(R"({"type":"capabilities","deviceModel":"Pixel 9"})");
    record();
    timers.advance(seconds(30));
    for (const std::string& sent : socket->texts)
        EXPECT_EQ(sent.find(R"("command":"clock")"), std::string::npos) << sent;
}

TEST_F(CameraConnectionTest, its_clock_is_known_and_told_from_the_first_answer_on) {
    text(kAnswering);
    ASSERT_EQ(questions().size(), 1U);
    EXPECT_EQ(happened("camera.clock"), 0U);
    timers.advance(milliseconds(4));
    answer_clock();
    EXPECT_EQ(happened("camera.clock"), 1U);
    ASSERT_NE(last<ClockTold>(), nullptr);
    EXPECT_EQ(last<ClockTold>()->unit, camera::TimeUnit::us);
    EXPECT_EQ(last<ClockTold>()->standing.method, clock::Method::exchange);
    EXPECT_NEAR(static_cast<double>(last<ClockTold>()->standing.bound_us), 2'000, 20);
    timers.advance(milliseconds(96));
    timers.advance(milliseconds(4));
    answer_clock();
    EXPECT_EQ(happened("camera.clock"), 1U) << "the bound is hardly another one";
    timers.advance(milliseconds(96));
    answer_clock();
    EXPECT_EQ(happened("camera.clock"), 2U) << "an answer that came at once";
    timers.advance(milliseconds(101));
    answer_clock(3'000'000'000);
    EXPECT_EQ(happened("camera.clock"), 3U) << "it was set";
    EXPECT_EQ(happened("camera.text"), 0U);
}

TEST_F(CameraConnectionTest, an_answer_that_nobody_asked_for_is_any_other_text) {
    text(R"({"type":"clock","id":1,"received":5,"sent":6})");
    EXPECT_EQ(happened("camera.text"), 1U);
    text(kAnswering);
    text(R"({"type":"clock","id":77,"received":5,"sent":6})");
    EXPECT_EQ(happened("camera.text"), 2U);
    EXPECT_EQ(happened("camera.clock"), 0U);
    EXPECT_EQ(socket->closed_code, 0);
}

TEST_F(CameraConnectionTest, a_token_that_nobody_asked_for_is_told_to_nobody) {
    text(R"({"token":"5b2f8c1d9e"})");
    EXPECT_EQ(happened("camera.text"), 0U);
    text(R"({"tokens":"are not meant"})");
    EXPECT_EQ(happened("camera.text"), 1U);
    EXPECT_EQ(socket->closed_code, 0);
}

TEST_F(CameraConnectionTest, exchanges_and_late_capabilities_are_notes_of_the_recording) {
    text(kAnswering);
    timers.advance(milliseconds(2));
    answer_clock();
    record();
    const std::size_t at_begin = recorder.sessions[0]->queued_bytes();
    EXPECT_GT(at_begin, 0U) << "what was known when it began";
    timers.advance(seconds(2));
    answer_clock();
    EXPECT_GT(recorder.sessions[0]->queued_bytes(), at_begin);
    const std::size_t before = recorder.sessions[0]->queued_bytes();
    text(kAnswering);
    EXPECT_EQ(recorder.sessions[0]->queued_bytes(), before) << "the same again is no news";
    text(R"({"type":"capabilities","clock":{"unit":"us","exchange":1},"battery":5})");
    EXPECT_GT(recorder.sessions[0]->queued_bytes(), before);
}

TEST_F(CameraConnectionTest, it_is_told_the_common_instant_by_its_own_clock) {
    text(kAnswering);
    answer_clock(7'000'000);
    const std::int64_t begin_ns = timers.clock_ns() + 600'000'000;
    order_start(begin_ns);
    ASSERT_NE(start_at(), std::nullopt);
    EXPECT_NEAR(static_cast<double>(*start_at()), static_cast<double>(begin_ns / 1000 + 7'000'000),
                3);
}

TEST_F(CameraConnectionTest, one_that_cannot_is_started_at_once) {
    text(R"({"type":"capabilities","clock":{"unit":"us","exchange":1}})");
    answer_clock();
    order_start(timers.clock_ns() + 600'000'000);
    EXPECT_EQ(connection->state(), State::starting);
    EXPECT_EQ(start_at(), std::nullopt);
    connect();
    text(R"({"type":"capabilities","start_at":true})");
    order_start(timers.clock_ns() + 600'000'000);
    EXPECT_NE(socket->texts.back().find("start_capture"), std::string::npos);
    EXPECT_EQ(start_at(), std::nullopt);
}

TEST_F(CameraConnectionTest, a_start_waits_a_moment_for_a_clock_that_is_being_asked_for) {
    for (const bool answers : {true, false}) {
        connect();
        text(kAnswering);
        order_start(timers.clock_ns() + 900'000'000);
        EXPECT_EQ(connection->state(), State::starting);
        EXPECT_EQ(socket->texts.back().find("start_capture"), std::string::npos);
        timers.advance(milliseconds(2));
        answers ? answer_clock() : timers.advance(kFirstAnswerPatience);
        const bool has_instant = start_at().has_value();
        EXPECT_EQ(has_instant, answers);
        std::size_t starts = 0;
        for (const std::string& sent : socket->texts)
            starts += sent.find("start_capture") != std::string::npos ? 1 : 0;
        EXPECT_EQ(starts, 1U);
        timers.advance(milliseconds(500));
        connection->on_over(1006, "");
        EXPECT_EQ(timers.size(), 0U);
    }
}

TEST_F(CameraConnectionTest, what_a_peer_says_in_closing_is_cleaned) {
    record();
    connection->on_over(4000, "bye\x1b[31m\xc2\x9b\x00z");
    ASSERT_NE(last<Left>(), nullptr);
    for (const char c : last<Left>()->reason) EXPECT_GE(static_cast<unsigned char>(c), 0x20U);
    EXPECT_EQ(last<Left>()->reason.find("\xc2\x9b"), std::string::npos);
}

TEST_F(CameraConnectionTest, how_the_connection_ended_is_said_in_words) {
    const std::vector<std::tuple<std::uint16_t, std::string, std::string>> ends{
        {1000, "", "it closed the connection"},
        {1001, "", "it closed the connection"},
        {1005, "", "it closed the connection"},
        {1006, "", "the connection broke"},
        {1009, "", "closed with code 1009"},
        {1008, "kicked by kim@desk", "kicked by kim@desk (code 1008)"}};
    for (const auto& [code, reason, said] : ends) {
        connect();
        connection->on_over(code, reason);
        ASSERT_NE(last<Left>(), nullptr);
        EXPECT_EQ(last<Left>()->reason, said);
    }
}

TEST_F(CameraConnectionTest, leaving_while_recording_says_that_a_session_is_left) {
    record();
    connection->on_over(1006, "");
    ASSERT_NE(last<Left>(), nullptr);
    EXPECT_TRUE(last<Left>()->has_session);
    EXPECT_TRUE(recorder.sessions[0]->ended());
    connection->on_gone();
    EXPECT_EQ(gone, 1);
}

TEST_F(CameraConnectionTest, an_order_after_the_end_is_answered) {
    connection->on_over(1000, "");
    reports.clear();
    order_start();
    ASSERT_NE(last<CameraAnswer>(), nullptr);
    EXPECT_EQ(last<CameraAnswer>()->kind, CameraAnswer::Kind::disconnected);
}

/// Brings a connection into `state`.
void bring_to(State state, const std::function<void()>& start, const std::function<void()>& record,
              const std::function<void()>& stop, const std::function<void()>& stopped) {
    if (state == State::starting) return start();
    if (state == State::idle) return;
    record();
    if (state == State::recording) return;
    stop();
    if (state == State::finalising) stopped();
}

TEST_F(CameraConnectionTest, the_server_may_end_in_every_state) {
    for (const State state :
         {State::idle, State::starting, State::recording, State::stopping, State::finalising}) {
        SCOPED_TRACE(std::string(camera::to_string(state)));
        recorder.sessions.clear();
        reports.clear();
        connect();
        bring_to(
            state, [this] { order_start(); }, [this] { record(); },
            [this] { connection->on_message(StopOrder{}); }, [this] { status("capture_stopped"); });
        ASSERT_EQ(connection->state(), state);
        connection->shut_down();
        EXPECT_EQ(socket->closed_code, 1001);
        EXPECT_EQ(connection->state(), State::gone);
        for (const auto& session : recorder.sessions) EXPECT_TRUE(session->ended());
        EXPECT_EQ(timers.size(), 0U) << "no timer is left that would call a destroyed connection";
        ASSERT_NE(last<Left>(), nullptr);
    }
}

TEST_F(CameraConnectionTest, no_session_begins_while_the_server_ends) {
    shutting_down = true;
    status("capture_started");
    EXPECT_TRUE(recorder.sessions.empty());
}

// ---- preview -----------------------------------------------------------------------------------

/// An IDR picture; one that refers to others.
const std::vector<std::uint8_t> kKeyPicture{0, 0, 0, 1, 0x65, 0x88, 0x80, 0x40};
const std::vector<std::uint8_t> kInterPicture{0, 0, 0, 1, 0x41, 0x9A, 0x80, 0x40};

class PreviewingTest : public CameraConnectionTest {
 protected:
    void preview() {
        PreviewOrder order;
        order.asked_by = "kim@desk";
        connection->on_message(order);
        status("capture_started");
    }
    std::size_t count_texts(const std::string& part) const {
        std::size_t count = 0;
        for (const std::string& text : socket->texts) count += text.find(part) != std::string::npos;
        return count;
    }
};

TEST_F(PreviewingTest, streams_and_records_nothing) {
    preview();
    frame(kKeyPicture);
    EXPECT_EQ(connection->state(), camera::State::previewing);
    EXPECT_EQ(count_texts("start_capture"), 1U);
    EXPECT_TRUE(recorder.sessions.empty());
    EXPECT_EQ(last<CameraAnswer>()->kind, CameraAnswer::Kind::previewing);
    status("capture_started");
    EXPECT_TRUE(recorder.sessions.empty()) << "said twice";
}

TEST_F(PreviewingTest, a_recording_begins_with_the_next_key_frame_without_a_stop) {
    preview();
    frame(kKeyPicture);
    frame(kInterPicture);
    order_start();
    EXPECT_EQ(connection->state(), camera::State::starting);
    frame(kInterPicture);
    EXPECT_TRUE(recorder.sessions.empty());
    frame(kKeyPicture);
    EXPECT_EQ(connection->state(), camera::State::recording);
    ASSERT_EQ(recorder.sessions.size(), 1U);
    EXPECT_EQ(recorder.sessions[0]->start().take, "walk1");
    EXPECT_EQ(recorder.sessions[0]->figures().messages, 1U) << "nothing of before it";
    EXPECT_EQ(count_texts("start_capture"), 1U);
    EXPECT_EQ(count_texts("stop_capture"), 0U);
    opened("door_1");
    EXPECT_EQ(last<CameraAnswer>()->kind, CameraAnswer::Kind::started);
    EXPECT_EQ(last<CameraAnswer>()->request, 7U);
}

TEST_F(PreviewingTest, a_recording_at_an_instant_begins_with_the_next_key_frame_of_then) {
    text(kAnswering);
    answer_clock(7'000'000);
    preview();
    EXPECT_EQ(start_at(), std::nullopt);
    frame(kKeyPicture);
    order_start(timers.clock_ns() + 600'000'000);
    EXPECT_EQ(count_texts("start_capture"), 2U);
    ASSERT_NE(start_at(), std::nullopt);
    time_ms = *start_at() - 34;
    frame(kKeyPicture);
    EXPECT_EQ(connection->state(), camera::State::starting) << "taken a microsecond too early";
    frame(kInterPicture);
    EXPECT_EQ(connection->state(), camera::State::starting);
    frame(kKeyPicture);
    EXPECT_EQ(connection->state(), camera::State::recording);
}

TEST_F(PreviewingTest, a_recording_waits_a_moment_for_a_clock_that_is_being_asked_for) {
    text(kAnswering);
    preview();
    order_start(timers.clock_ns() + 900'000'000);
    frame(kKeyPicture);
    EXPECT_EQ(connection->state(), camera::State::starting);
    EXPECT_EQ(count_texts("start_capture"), 1U);
    answer_clock();
    EXPECT_EQ(count_texts("start_capture"), 2U);
    ASSERT_NE(start_at(), std::nullopt);
    time_ms = *start_at();
    frame(kKeyPicture);
    EXPECT_EQ(connection->state(), camera::State::recording);
}

TEST_F(PreviewingTest, a_recording_with_other_parameters_stops_the_camera_first) {
    preview();
    frame(kKeyPicture);
    StartOrder order;
    order.request = 7;
    order.given = true;
    order.parameters.fps = 15;
    connection->on_message(order);
    EXPECT_EQ(count_texts("stop_capture"), 1U);
    EXPECT_EQ(count_texts("start_capture"), 1U);
    frame(kKeyPicture);
    EXPECT_TRUE(recorder.sessions.empty());
    status("capture_stopped");
    EXPECT_EQ(connection->state(), camera::State::starting);
    EXPECT_EQ(count_texts("start_capture"), 2U);
    EXPECT_NE(socket->texts.back().find("\"fps\":15"), std::string::npos);
    status("capture_started");
    EXPECT_EQ(connection->state(), camera::State::recording);
}

TEST_F(PreviewingTest, a_recording_that_is_watched_leaves_the_camera_streaming) {
    preview();
    order_start();
    frame(kKeyPicture);
    opened("door_1");
    connection->on_message(StopOrder{"lee@lab", true, 0});
    EXPECT_EQ(connection->state(), camera::State::previewing);
    EXPECT_EQ(count_texts("stop_capture"), 0U);
    EXPECT_TRUE(recorder.sessions[0]->ended());
    finished();
    EXPECT_EQ(connection->state(), camera::State::previewing);
    frame(kInterPicture);
    order_start();
    frame(kKeyPicture);
    EXPECT_EQ(recorder.sessions.size(), 2U);
}

TEST_F(PreviewingTest, ends_when_it_is_told_to_and_the_camera_has_stopped) {
    preview();
    frame(kKeyPicture);
    connection->on_message(PreviewEnd{});
    EXPECT_EQ(count_texts("stop_capture"), 1U);
    EXPECT_EQ(connection->state(), camera::State::previewing);
    status("capture_started");  // of before the stop reached it
    status("capture_stopped");
    EXPECT_EQ(connection->state(), camera::State::idle);
    EXPECT_TRUE(recorder.sessions.empty());
}

TEST_F(PreviewingTest, of_a_camera_that_says_nothing_is_given_up) {
    connection->on_message(PreviewOrder{});
    timers.advance(std::chrono::seconds(10));
    EXPECT_EQ(last<CameraAnswer>()->kind, CameraAnswer::Kind::start_timeout);
    EXPECT_EQ(count_texts("stop_capture"), 1U);
    status("capture_started");  // late: it must not begin a recording
    EXPECT_TRUE(recorder.sessions.empty());
    status("capture_stopped");
    EXPECT_EQ(connection->state(), camera::State::idle);
}

TEST_F(PreviewingTest, a_camera_without_key_frames_streams_on_when_the_start_times_out) {
    preview();
    frame(kInterPicture);
    order_start();
    timers.advance(std::chrono::seconds(10));
    EXPECT_EQ(connection->state(), camera::State::previewing);
    EXPECT_EQ(last<CameraAnswer>()->kind, CameraAnswer::Kind::refused);
    EXPECT_EQ(last<CameraAnswer>()->error, "no key frame came from the camera in time");
}

TEST_F(PreviewingTest, a_preview_that_is_wanted_again_while_it_ends_begins_anew) {
    preview();
    frame(kKeyPicture);
    connection->on_message(PreviewEnd{});
    connection->on_message(PreviewOrder{});
    EXPECT_EQ(count_texts("start_capture"), 1U);
    status("capture_stopped");
    EXPECT_EQ(connection->state(), camera::State::previewing);
    EXPECT_EQ(count_texts("start_capture"), 2U);
}

TEST_F(PreviewingTest, the_late_answer_to_an_earlier_stop_does_not_end_it) {
    connection->on_message(PreviewOrder{});
    status("capture_stopped");
    EXPECT_EQ(connection->state(), camera::State::previewing);
    status("capture_started");
    status("capture_stopped");
    EXPECT_EQ(connection->state(), camera::State::idle) << "by itself";
}

// ---- resuming ----------------------------------------------------------------------------------

class ResumingTest : public CameraConnectionTest {
 protected:
    ResumingTest() { offer(); }
    void offer() { text(R"({"type":"capabilities","deviceModel":"","resume":1})"); }
    /// The network fails; what the connection hands over.
    Suspended lose() {
        connection->on_over(1006, "");
        const auto* kept = last<Suspended>();
        EXPECT_NE(kept, nullptr);
        return kept != nullptr ? *kept : Suspended{};
    }
    /// Another connection, which asks for the capture.
    void come_back(const std::string& capture, std::uint32_t from) {
        reports.clear();
        connect();
        offer();
        text(R"({"type":"resume","capture":")" + capture + R"(","from":)" + std::to_string(from) +
             "}");
        seq = from;
    }
    void grant(const Suspended& kept) {
        connection->on_message(Resumed{std::make_shared<const Suspended>(kept)});
    }
    /// What it was told to be safe.
    std::vector<std::string> received() const {
        std::vector<std::string> found;
        for (const std::string& sent : socket->texts) {
            if (sent.find(R"("command":"received")") != std::string::npos) found.push_back(sent);
        }
        return found;
    }
    std::size_t queued() const { return recorder.sessions.back()->figures().messages; }
};

TEST_F(ResumingTest, a_lost_connection_leaves_its_recording_open_for_the_next) {
    record();
    for (int i = 0; i < 3; ++i) frame(kIdr);
    const Suspended kept = lose();
    EXPECT_FALSE(recorder.sessions.back()->ended());
    EXPECT_EQ(kept.last_seq, 2U);
    EXPECT_EQ(last<Left>()->awaited, milliseconds(300'000));
    come_back(kept.capture, 1);
    EXPECT_TRUE(socket->is_paused);
    frame(kInter);  // 1, which had come
    frame(kInter);  // 2
    frame(kInter);  // 3
    EXPECT_EQ(queued(), 3U) << "nothing before the answer";
    grant(kept);
    EXPECT_FALSE(socket->is_paused);
    EXPECT_EQ(connection->state(), State::recording);
    EXPECT_EQ(queued(), 4U);
    EXPECT_TRUE(received().empty()) << "none of it is in the file";
    EXPECT_EQ(recorder.sessions.size(), 1U);
    EXPECT_EQ(happened("camera.resumed"), 1U);
    EXPECT_EQ(happened("camera.started"), 0U);
}

TEST_F(ResumingTest, a_capture_that_is_over_is_stopped_and_what_was_kept_of_it_recorded_nowhere) {
    come_back("1234", 7);
    frame(kIdr);
    connection->on_message(Resumed{});
    EXPECT_EQ(socket->texts.back(), camera::encode_stop());
    order_start();
    status("capture_started");
    EXPECT_EQ(queued(), 0U);
}

TEST_F(ResumingTest, a_camera_that_does_not_resume_or_leaves_in_order_is_not_waited_for) {
    record();
    frame(kIdr);
    connection->on_over(1000, "");
    EXPECT_TRUE(recorder.sessions.back()->ended());
    connect();
    record();
    frame(kIdr);
    connection->on_over(1006, "");
    EXPECT_TRUE(recorder.sessions.back()->ended()) << "no capabilities";
    EXPECT_EQ(last<Suspended>(), nullptr);
}

TEST_F(ResumingTest, what_was_stopped_meanwhile_is_stopped_as_soon_as_it_is_back) {
    record();
    frame(kIdr);
    Suspended kept = lose();
    kept.is_stopping = true;
    kept.stopped_by = "kim@desk";
    come_back(kept.capture, 1);
    frame(kInter);
    grant(kept);
    EXPECT_EQ(connection->state(), State::stopping);
    EXPECT_EQ(socket->texts.back(), camera::encode_stop());
    EXPECT_EQ(queued(), 2U);
    status("capture_stopped");
    EXPECT_TRUE(recorder.sessions.back()->ended());
    EXPECT_TRUE(received().empty()) << "none of it is in the file";
}

TEST_F(ResumingTest, a_stop_waits_for_what_the_camera_still_has_as_long_as_it_comes) {
    record();
    frame(kIdr);
    connection->on_message(StopOrder{"kim@desk"});
    for (int i = 0; i < 30; ++i) {
        timers.advance(seconds(2));
        frame(kInter);
    }
    EXPECT_EQ(connection->state(), State::stopping);
    EXPECT_EQ(queued(), 31U);
    timers.advance(options->stop_timeout - seconds(1));
    EXPECT_EQ(connection->state(), State::stopping);
    timers.advance(seconds(1));
    EXPECT_EQ(connection->state(), State::finalising) << "it has gone silent";
}

TEST_F(ResumingTest, a_stop_does_not_wait_for_one_that_goes_on_taking_pictures) {
    text(R"({"type":"capabilities","clock":{"unit":"us","exchange":1},"resume":1})");
    answer_clock(0);
    record();
    connection->on_message(StopOrder{});
    int sent = 0;
    for (; connection->state() == State::stopping && sent < 60; ++sent) {
        timers.advance(seconds(1));
        answer_clock(0);
        time_ms = static_cast<std::uint64_t>(timers.clock_ns() / 1'000) - 50'000;
        frame(kInter);
    }
    EXPECT_EQ(connection->state(), State::finalising);
    EXPECT_GE(sent, 29);
}

TEST_F(ResumingTest, orders_wait_until_it_is_known_whether_the_camera_goes_on) {
    record();
    frame(kIdr);
    const Suspended kept = lose();
    come_back(kept.capture, 1);
    order_start();
    connection->on_message(PreviewOrder{});
    EXPECT_TRUE(socket->texts.empty());
    grant(kept);
    EXPECT_EQ(connection->state(), State::recording);
    EXPECT_TRUE(socket->texts.empty()) << "it streams already";
    frame(kInter);
    EXPECT_EQ(queued(), 2U);
    connection->on_over(1006, "");
    come_back(kept.capture, 2);
    order_start();
    connection->on_message(Resumed{});
    ASSERT_EQ(socket->texts.size(), 2U);
    EXPECT_EQ(socket->texts[0], camera::encode_stop());
    EXPECT_NE(socket->texts[1].find("start_capture"), std::string::npos);
    EXPECT_EQ(connection->state(), State::starting);
}

TEST_F(ResumingTest, a_start_that_waits_for_the_clock_waits_for_the_answer_as_well) {
    const std::string begin = R"({"type":"capabilities","clock":{"unit":"us","exchange":1},)"
                              R"("start_at":true,"resume":1})";
    for (const bool goes_on : {true, false}) {
        SCOPED_TRACE(goes_on);
        connect();
        offer();
        record();
        seq = 0;
        frame(kIdr);
        const Suspended kept = lose();
        reports.clear();
        connect();
        text(begin);
        order_start(timers.clock_ns() + 900'000'000);
        text(R"({"type":"resume","capture":")" + kept.capture + R"(","from":1})");
        ASSERT_NE(last<ResumeAsked>(), nullptr);
        timers.advance(kFirstAnswerPatience);
        EXPECT_EQ(connection->state(), State::starting);
        if (goes_on) {
            grant(kept);
        } else {
            connection->on_message(Resumed{});
        }
        timers.advance(kFirstAnswerPatience);
        EXPECT_EQ(connection->state(), goes_on ? State::recording : State::starting);
        const bool was_started = std::any_of(
            socket->texts.begin(), socket->texts.end(),
            [](const auto& sent) { return sent.find("start_capture") != std::string::npos; });
        EXPECT_EQ(was_started, !goes_on);
        connection->on_over(1000, "");
    }
}

TEST_F(ResumingTest, one_that_was_told_to_begin_another_capture_does_not_go_on) {
    record();
    frame(kIdr);
    const Suspended kept = lose();
    reports.clear();
    connect();
    offer();
    order_start();
    text(R"({"type":"resume","capture":")" + kept.capture + R"(","from":1})");
    EXPECT_EQ(last<ResumeAsked>(), nullptr);
    ASSERT_NE(last<ResumeRefused>(), nullptr);
    EXPECT_EQ(last<ResumeRefused>()->capture, kept.capture);
    seq = 0;
    status("capture_started");
    frame(kIdr);
    EXPECT_EQ(recorder.sessions.size(), 2U);
    EXPECT_EQ(queued(), 1U);
}

TEST_F(ResumingTest, one_that_begins_anew_by_itself_counts_from_nothing) {
    record();
    for (int i = 0; i < 3; ++i) frame(kIdr);
    const Suspended kept = lose();
    come_back(kept.capture, 3);
    grant(kept);
    seq = 0;
    status("capture_started");
    frame(kIdr);
    EXPECT_EQ(recorder.sessions.size(), 2U);
    EXPECT_EQ(queued(), 1U);
}

TEST_F(ResumingTest, what_came_too_late_for_the_recording_is_never_said_to_be_safe) {
    record();
    frame(kIdr);
    connection->on_message(StopOrder{});
    timers.advance(options->stop_timeout);
    ASSERT_EQ(connection->state(), State::finalising);
    frame(kInter);
    status("capture_stopped");
    timers.advance(seconds(5));
    EXPECT_TRUE(received().empty());
}

TEST_F(ResumingTest, what_a_disk_refused_is_never_said_to_be_safe) {
    record();
    frame(kIdr);
    connection->on_message(
        SessionNews{SessionNews::Kind::failed, recorder.sessions.back()->serial(), "No space"});
    status("capture_stopped");
    timers.advance(seconds(5));
    EXPECT_TRUE(received().empty());
}

TEST_F(ResumingTest, one_that_is_lost_once_more_before_the_answer_hands_the_recording_back) {
    record();
    frame(kIdr);
    const Suspended kept = lose();
    come_back(kept.capture, 1);
    connection->on_over(1006, "");
    EXPECT_EQ(last<Suspended>(), nullptr);
    grant(kept);
    ASSERT_NE(last<Suspended>(), nullptr);
    EXPECT_EQ(last<Suspended>()->capture, kept.capture);
    EXPECT_FALSE(recorder.sessions.back()->ended());
}

TEST_F(ResumingTest, a_preview_is_acknowledged_each_second_so_that_the_camera_keeps_nothing) {
    connection->on_message(PreviewOrder{});
    status("capture_started");
    frame(kIdr);
    timers.advance(seconds(1));
    EXPECT_NE(socket->texts.back().find(R"("command":"received")"), std::string::npos);
    EXPECT_NE(socket->texts.back().find(R"("seq":0)"), std::string::npos);
}

}  // namespace
}  // namespace st::capture
