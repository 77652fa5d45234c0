#include "capture/camera_recording.h"

#include <gtest/gtest.h>

#include "camera/frame.h"
#include "capture/fakes.h"

namespace st::capture {
namespace {

using std::chrono::seconds;

class CameraRecordingTest : public ::testing::Test {
 protected:
    void begin() { recording.begin(to_session_start("door", link, order), timers.clock_ns()); }
    static SharedBuffer message() {
        const std::vector<std::uint8_t> payload = {0, 0, 0, 1, 0x41};
        Buffer bytes{Bytes(camera::encode_header({1, 1, payload}))};
        bytes.append(payload);
        return share(std::move(bytes));
    }

    ManualTimers timers;
    UnwrittenSessions recorder;
    LinkPtr link = std::make_shared<CameraLink>(1, "10.0.0.7:51544", "/ingest/door", 0);
    std::optional<StartOrder> order;
    std::vector<std::string> pings;
    CameraRecording recording{
        [this](record::SessionStart start) { return recorder.open(std::move(start)); }, timers,
        [this](std::string_view payload) { pings.emplace_back(payload); }};
};

TEST_F(CameraRecordingTest, knows_what_the_camera_was_started_with) {
    order.emplace();
    order->take = "walk1";
    order->started_by = "kim@desk";
    order->part = 2;
    begin();
    const record::SessionStart& start = recorder.sessions.back()->start();
    EXPECT_EQ(start.camera, "door");
    EXPECT_EQ(start.take, "walk1");
    EXPECT_EQ(start.part, 2U);
    EXPECT_TRUE(start.parameters);
    order.reset();
    begin();
    EXPECT_FALSE(recorder.sessions.back()->start().parameters) << "it began by itself";
    EXPECT_FALSE(recorder.sessions.back()->start().take);
}

TEST_F(CameraRecordingTest, is_fresh_until_a_frame_comes_and_ends_with_what_was_counted) {
    recording.count_bad();
    begin();
    recording.add_held({message(), timers.clock_ns()}, {});
    EXPECT_TRUE(recording.is_fresh()) << "that came before";
    EXPECT_TRUE(recording.add(message(), {}, timers.clock_ns(), true));
    EXPECT_FALSE(recording.is_fresh());
    EXPECT_EQ(recording.session()->figures().messages, 2U);
    recording.opened("door_1");
    const std::uint64_t serial = recording.session()->serial();
    EXPECT_TRUE(recording.is_open(serial));
    recording.end({camera::EndReason::stopped});
    EXPECT_TRUE(recorder.sessions.back()->ended());
    EXPECT_FALSE(recording.is_open());
    EXPECT_TRUE(recording.is_last_ended(serial));
    EXPECT_EQ(recording.id(), "");
    recording.finished();
    EXPECT_FALSE(recording.is_finishing());
}

TEST_F(CameraRecordingTest, measures_the_round_trip_while_it_is_open) {
    begin();
    timers.advance(seconds(1));
    EXPECT_FALSE(pings.empty());
    recording.end({camera::EndReason::stopped});
    const std::size_t sent = pings.size();
    timers.advance(seconds(10));
    EXPECT_EQ(pings.size(), sent);
}

TEST_F(CameraRecordingTest, the_recording_knows_the_round_trip_whoever_ends_it) {
    begin();
    timers.advance(seconds(1));
    recording.on_pong("trip 9", timers.clock_ns());
    EXPECT_FALSE(recording.session()->ping_us()) << "nobody sent that";
    recording.on_pong(pings.back(), timers.clock_ns());
    const auto first_us = recording.session()->ping_us();
    ASSERT_TRUE(first_us);
    Suspended kept;
    recording.keep(kept);
    EXPECT_EQ(kept.session->ping_us(), first_us) << "the connection was lost";
    CameraRecording next{
        {}, timers, [this](std::string_view payload) { pings.emplace_back(payload); }};
    next.take(kept);
    timers.advance(std::chrono::milliseconds(250));
    next.on_pong(pings.back(), timers.clock_ns() + 1'000'000'000'000);
    EXPECT_EQ(kept.session->ping_us(), first_us) << "the least counts";
    next.end({camera::EndReason::stopped});
}

TEST_F(CameraRecordingTest, what_one_connection_keeps_another_takes) {
    begin();
    recording.opened("door_1");
    const std::int64_t began_ns = timers.clock_ns();
    Suspended kept;
    recording.keep(kept);
    EXPECT_FALSE(recording.is_open());
    EXPECT_FALSE(kept.session->ended());
    timers.advance(seconds(60));
    CameraRecording next{{}, timers, [](std::string_view) {}};
    next.take(kept);
    EXPECT_TRUE(next.is_open(kept.session->serial()));
    EXPECT_FALSE(next.is_fresh());
    EXPECT_TRUE(next.is_older_than(seconds(60), began_ns + 60'000'000'000));
    EXPECT_FALSE(next.is_older_than(seconds(61), began_ns + 60'000'000'000));
    next.end({camera::EndReason::stopped});
}

}  // namespace
}  // namespace st::capture
