#include "api/statistics.h"

#include <gtest/gtest.h>

namespace st::api {
namespace {

using Segments = std::vector<std::string>;

StatisticsInput input() {
    StatisticsInput made;
    made.now_us = 1'769'847'330'250'000;
    made.now_ns = 5'000'000'000;
    made.uptime_ms = 3'723'000;
    hub::StreamStatus live;
    live.path = "/live/walk";
    live.is_live = true;
    live.publisher.protocol = "rtmp";
    live.since_us = made.now_us - 90'000'000'000;
    live.viewers = 2;
    hub::StreamStatus waiting;
    waiting.path = "/live/none";
    waiting.viewers = 1;
    made.streams = {live, waiting};
    return made;
}

std::string answer(const Segments& segments) { return statistics_answer(segments, input()).body; }

TEST(Statistics, have_the_older_servers_shapes) {
    const std::string server =
        R"({"totalStreams":2,"activeStreams":1,"totalViewers":3,"serverUptime":"01:02:03"})";
    const std::string walk =
        R"({"id":"/live/walk","name":"walk","viewers":2,"bitrate":"0 kbps","status":"online",)"
        R"("uptime":"1d 1h 0m","protocol":"rtmp"})";
    const std::string none =
        R"({"id":"/live/none","name":"none","viewers":1,"bitrate":"0 kbps","status":"offline",)"
        R"("uptime":"00:00:00","protocol":""})";
    const auto with = [](const std::string& data) {
        return R"({"success":true,"data":)" + data + R"(,"timestamp":1769847330250})";
    };
    EXPECT_EQ(answer({"server"}), with(server));
    EXPECT_EQ(answer({"streams"}), with("[" + walk + "," + none + "]"));
    EXPECT_EQ(answer({"dashboard"}),
              with(R"({"server":)" + server + R"(,"streams":[)" + walk + "," + none + "]}"));
    EXPECT_EQ(answer({"health"}), with(R"({"status":"ok","uptime":3723})"));
    EXPECT_EQ(
        answer({"streams", "live", "walk"}),
        with(walk.substr(0, walk.size() - 1) + R"(,"createTime":1769757330250,"totalBytes":0,)"
                                               R"("lastBitrateUpdate":1769847330250})"));
}

TEST(Statistics, of_what_there_is_not_are_404) {
    for (const Segments& segments : {Segments{"streams", "live", "x"}, Segments{"none"},
                                     Segments{"server", "x"}, Segments{"streams", "live"}}) {
        const StatisticsAnswer made = statistics_answer(segments, input());
        EXPECT_EQ(made.status, 404);
        EXPECT_TRUE(made.body.starts_with(R"({"success":false,"error":")")) << made.body;
    }
    EXPECT_NE(answer({"streams", "live", "x"}).find("Stream not found"), std::string::npos);
}

}  // namespace
}  // namespace st::api
