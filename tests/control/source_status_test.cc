#include "control/source_status.h"

#include <gtest/gtest.h>

namespace st::control {
namespace {

TEST(SourceStatus, is_what_it_was_encoded_from) {
    SourceStatus running;
    running.path = "/live/x";
    running.input = "rtsp://u:***@h/x";
    running.state = SourceState::running;
    running.pid = 4711;
    running.viewers = 2;
    running.restarts = 1;
    running.uptime_ms = 1500;
    EXPECT_EQ(encode(running),
              R"({"path":"/live/x","input":"rtsp://u:***@h/x","state":"running","pid":4711,)"
              R"("viewers":2,"restarts":1,"crashes":0,"last_error":null,"uptime_ms":1500})");
    SourceStatus failed;
    failed.path = "/live/y";
    failed.state = SourceState::failed;
    failed.crashes = 3;
    failed.last_error = "the command ended with exit code 1";
    for (const SourceStatus& status : {running, failed}) {
        const auto decoded = decode_source_status(encode(status));
        ASSERT_TRUE(decoded) << decoded.error().message;
        EXPECT_EQ(*decoded, status);
    }
}

TEST(SourceStatus, refuses_an_unknown_state_by_name) {
    const auto decoded = decode_source_status(R"({"path":"/live/x","state":"sleeping"})");
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().field, "state");
}

}  // namespace
}  // namespace st::control
