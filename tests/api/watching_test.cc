#include <gtest/gtest.h>

#include "api/event_log.h"
#include "api/metrics.h"

namespace st::api {
namespace {

TEST(Metrics, are_prometheus_text_with_a_histogram_per_loop) {
    httpd::Counters http;
    capture::Counters cameras;
    cameras.frames_total = 7;
    loop::BusyStats busy;
    busy.add(2'000'000);
    const loop::BusyStats* loops[] = {&busy};
    MetricsOfParts parts{.version = "1.2.3"};
    parts.cameras = {{"a\"b\\c\nd", true, 29.5, 4, 1000, 0.00042},
                     {"door", false, 0, 0, 0, std::nullopt}};
    parts.disk = DiskMetrics{77'841'358'801, 4096, 60};
    parts.more = {{"x", "An x.", 1.5}, {"y_total", "A y.", 3, true}};
    const std::string text = prometheus_text(http, cameras, loops, parts);
    for (const char* line : {
             "streamd_build_info{version=\"1.2.3\"} 1",
             "# TYPE streamd_y_total counter",
             "streamd_disk_free_bytes 77841358801",
             "streamd_disk_left_seconds 60",
             R"(streamd_camera_recording{camera="a\"b\\c\nd"} 1)",
             "streamd_camera_recording{camera=\"door\"} 0",
             "streamd_camera_connected{camera=\"door\"} 1",
             R"(streamd_camera_fps{camera="a\"b\\c\nd"} 29.5)",
             R"(streamd_camera_lost_total{camera="a\"b\\c\nd"} 4)",
             R"(streamd_camera_received_bytes_total{camera="a\"b\\c\nd"} 1000)",
             R"(streamd_camera_clock_bound_seconds{camera="a\"b\\c\nd"} 0.00042)",
         }) {
        EXPECT_NE(("\n" + text).find("\n" + std::string(line) + "\n"), std::string::npos)
            << line << "\n"
            << text;
    }
    EXPECT_EQ(text.find("clock_bound_seconds{camera=\"door\"}"), std::string::npos);
    EXPECT_NE(text.find("streamd_frames_total 7\n"), std::string::npos);
    EXPECT_NE(text.find("streamd_x 1.5\n"), std::string::npos);
    EXPECT_NE(text.find("streamd_loop_busy_seconds_bucket{loop=\"0\",le=\"0.001\"} 0\n"),
              std::string::npos);
    EXPECT_NE(text.find("streamd_loop_busy_seconds_bucket{loop=\"0\",le=\"0.005\"} 1\n"),
              std::string::npos);
    EXPECT_NE(text.find("streamd_loop_busy_seconds_bucket{loop=\"0\",le=\"+Inf\"} 1\n"),
              std::string::npos);
    EXPECT_NE(text.find("streamd_loop_busy_seconds_sum{loop=\"0\"} 0.002\n"), std::string::npos);
}

TEST(EventLog, gives_events_after_an_id_and_pages_them) {
    EventLog events{Log()};
    for (int i = 0; i < 5; ++i)
        events.add("camera.connected", {{"camera", "c" + std::to_string(i)}});
    const control::List page = events.since(1, 2);
    ASSERT_EQ(page.items.size(), 2U);
    EXPECT_NE(page.items[0].find("\"id\":2,"), std::string::npos);
    EXPECT_NE(page.items[0].find("\"camera\":\"c1\""), std::string::npos);
    EXPECT_EQ(page.next, "3");
    EXPECT_EQ(events.since(3, 100).items.size(), 2U);
    EXPECT_FALSE(events.since(3, 100).next);
}

TEST(EventLog, forgets_the_oldest_over_its_bound) {
    EventLog events{Log()};
    for (std::size_t i = 0; i < EventLog::kKeptMax + 10; ++i) events.add("camera.text", {});
    EXPECT_EQ(events.since(0, 100'000).items.size(), EventLog::kKeptMax);
}

class Listening : public ::testing::Test {
 protected:
    EventLog::ListenerId listen(std::vector<std::string> types,
                                std::optional<std::uint64_t> since = std::nullopt) {
        return events.subscribe(
            {std::move(types),
             [this](std::uint64_t id, const std::string& type, const std::string&) {
                 heard.push_back(std::to_string(id) + " " + type);
             }},
            since);
    }
    EventLog events{Log()};
    std::vector<std::string> heard;
};

TEST_F(Listening, hears_what_is_kept_and_then_what_comes) {
    events.add("camera.connected", {});
    events.add("camera.ready", {});
    listen({}, 1);
    events.add("session.opened", {});
    EXPECT_EQ(heard, (std::vector<std::string>{"2 camera.ready", "3 session.opened"}));
    EXPECT_EQ(events.last_id(), 3U);
}

TEST_F(Listening, without_a_since_hears_new_events_alone) {
    events.add("camera.connected", {});
    listen({});
    events.add("camera.ready", {});
    EXPECT_EQ(heard, std::vector<std::string>{"2 camera.ready"});
}

TEST_F(Listening, hears_the_types_it_asked_for_until_it_leaves) {
    const auto id = listen({"camera.ready", "session.*"});
    for (const char* type : {"camera.connected", "camera.ready", "session.opened", "server.disk"}) {
        events.add(type, {});
    }
    events.unsubscribe(id);
    events.add("camera.ready", {});
    EXPECT_EQ(heard, (std::vector<std::string>{"2 camera.ready", "3 session.opened"}));
}

TEST_F(Listening, everybody_hears_and_a_listener_may_be_unsubscribed_twice) {
    const auto first = listen({});
    listen({});
    events.add("camera.ready", {});
    EXPECT_EQ(heard.size(), 2U);
    events.unsubscribe(first);
    events.unsubscribe(first);
    events.add("camera.ready", {});
    EXPECT_EQ(heard.size(), 3U);
}

}  // namespace
}  // namespace st::api
