#include "control/stream_status.h"

#include <gtest/gtest.h>

namespace st::control {
namespace {

TEST(StreamStatus, is_what_it_was_encoded_from) {
    StreamStatus live;
    live.path = "/live/x";
    live.is_live = true;
    live.protocol = "rtmp";
    live.peer = "10.0.0.7:50123";
    live.since = "2026-01-31T08:15:30.250Z";
    live.video = VideoFacts{"h264", 1280, 720};
    live.audio = AudioFacts{"aac", 48'000, 2};
    live.fps_1s = 29.97;
    live.bitrate_10s = 2'000'000;
    live.key_interval_ms = 2000;
    live.viewers = 3;
    live.key_age_ms = 43'000;
    live.unusable = 2;
    live.problem = "last key frame 43 s ago";
    StreamStatus refused;
    refused.path = "/live/z";
    refused.is_refused = true;
    refused.problem = "H.264: pictures without SPS and PPS";
    StreamStatus waiting;
    waiting.path = "/live/y";
    waiting.viewers = 1;
    for (const StreamStatus& status : {live, waiting, refused}) {
        const auto decoded = decode_stream_status(encode(status));
        ASSERT_TRUE(decoded) << decoded.error().message;
        EXPECT_EQ(*decoded, status);
    }
    EXPECT_NE(encode(waiting).find(R"("state":"waiting","protocol":"","peer":"","since":null,)"
                                   R"("video":null,"audio":null)"),
              std::string::npos);
}

TEST(StreamStatus, refuses_an_unknown_state_by_name) {
    const auto decoded = decode_stream_status(R"({"path":"/live/x","state":"asleep"})");
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().field, "state");
}

TEST(StreamStatus, names_what_is_wrong_inside) {
    const auto decoded =
        decode_stream_status(R"({"path":"/live/x","state":"live","video":{"width":"wide"}})");
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().field, "video.width");
}

TEST(ViewerStatus, is_what_it_was_encoded_from) {
    ViewerStatus viewer;
    viewer.id = 7;
    viewer.stream = "/live/x";
    viewer.protocol = "ws-flv";
    viewer.peer = "10.0.0.9:40112";
    viewer.since = "2026-01-31T08:15:30.250Z";
    viewer.bytes = 1'000'000;
    viewer.dropped = 214;
    viewer.cuts = 2;
    const auto decoded = decode_viewer_status(encode(viewer));
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(*decoded, viewer);
}

TEST(Snapshot, is_what_it_was_encoded_from) {
    const Snapshot snapshot{"/live/x", "/9j/2Q=="};
    const auto decoded = decode_snapshot(encode(snapshot));
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(*decoded, snapshot);
}

}  // namespace
}  // namespace st::control
