#include "api/metrics.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "api/exposition.h"

namespace st::api {
namespace {

/// Of a server of which everything that can be said is known.
MetricsOfParts everything() {
    MetricsOfParts parts;
    parts.version = "1.2.3";
    parts.started_us = 1'769'847'330'250'000;
    parts.recorder.written_bytes = 77'841'358'801;
    parts.recorder.bytes_per_second = 1'000'000'000;
    parts.segments.dropped = 12;
    control::CameraClock clock;
    clock.bound_us = 420;
    clock.drift_ppm = -20;
    clock.rtt_us = 1'500;
    parts.cameras = {{"a\"b\\c\nd", 1, 29.5, 4, 1000, clock}, {"door", 0, 0, 0, 0, {}}};
    parts.streams = {{"/live/x", 3, 5000, 25}};
    control::HookStatus hook;
    hook.id = "5f0c6d1e2a3b4c5d";
    hook.url = "https://host/secret";
    hook.format = "standard";
    hook.queued = 7;
    hook.last_error = "HTTP 500";
    parts.hooks = {hook};
    parts.disk = DiskSpace{77'841'358'801, 4096};
    return parts;
}

std::string text_of(const MetricsOfParts& parts) {
    httpd::Counters http;
    capture::Counters cameras;
    cameras.frames_total = 7;
    loop::BusyStats busy;
    busy.add(2'000'000);
    const loop::BusyStats* loops[] = {&busy};
    return prometheus_text(http, cameras, loops, parts);
}

TEST(Metrics, are_prometheus_text) {
    const std::string text = text_of(everything());
    for (
        const char* line : {
            "streamd_build_info{version=\"1.2.3\"} 1",
            "# TYPE streamd_frames_total counter",
            "streamd_frames_total 7",
            "streamd_start_time_seconds 1.76984733e+09",
            "streamd_disk_free_bytes 77841358801",
            "streamd_recorder_written_bytes_total 77841358801",
            "streamd_segment_dropped_packets_total 12",
            "streamd_disk_left_seconds 77",
            R"(streamd_camera_recording{camera="a\"b\\c\nd"} 1)",
            "streamd_camera_recording{camera=\"door\"} 0",
            "streamd_camera_connected{camera=\"door\"} 1",
            R"(streamd_camera_fps{camera="a\"b\\c\nd"} 29.5)",
            R"(streamd_camera_lost_total{camera="a\"b\\c\nd"} 4)",
            R"(streamd_camera_received_bytes_total{camera="a\"b\\c\nd"} 1000)",
            R"(streamd_camera_clock_bound_seconds{camera="a\"b\\c\nd"} 0.00042)",
            R"(streamd_camera_clock_drift_ratio{camera="a\"b\\c\nd"} -2e-05)",
            "streamd_stream_viewers{stream=\"/live/x\"} 3",
            "streamd_hook_queued{hook=\"5f0c6d1e2a3b4c5d\",url=\"https://host/…"
            "\",format=\"standard\"} 7",
            "streamd_hook_up{hook=\"5f0c6d1e2a3b4c5d\",url=\"https://host/…\",format=\"standard\"} "
            "0",
            R"(streamd_hook_journal_up{hook="5f0c6d1e2a3b4c5d",url="https://host/…",format="standard"} 1)",
            "streamd_loop_busy_seconds_bucket{loop=\"0\",le=\"0.001\"} 0",
            "streamd_loop_busy_seconds_bucket{loop=\"0\",le=\"0.005\"} 1",
            "streamd_loop_busy_seconds_bucket{loop=\"0\",le=\"+Inf\"} 1",
            "streamd_loop_busy_seconds_sum{loop=\"0\"} 0.002",
            "streamd_loop_busy_seconds_count{loop=\"0\"} 1",
        }) {
        EXPECT_NE(("\n" + text).find("\n" + std::string(line) + "\n"), std::string::npos)
            << line << "\n"
            << text;
    }
    EXPECT_EQ(text.find("clock_bound_seconds{camera=\"door\"}"), std::string::npos);
}

TEST(Metrics, of_the_table_are_all_written_and_no_others) {
    const std::string text = text_of(everything());
    std::set<std::string> names;
    for (const MetricFamily& family : metric_families()) {
        const std::string name = "streamd_" + std::string(family.name);
        EXPECT_TRUE(names.insert(name).second) << name;
        EXPECT_NE(text.find("# TYPE " + name + " "), std::string::npos) << name;
        EXPECT_EQ(name.ends_with("_total"), family.type == MetricType::counter) << name;
        EXPECT_TRUE(family.help.ends_with(".")) << name;
    }
}

TEST(Metrics, that_are_not_known_have_no_line_and_no_head) {
    MetricsOfParts parts;
    parts.version = "1";
    const std::string text = text_of(parts);
    for (const char* name : {"camera_", "stream_", "hook_", "disk_"}) {
        EXPECT_EQ(text.find(std::string("streamd_") + name), std::string::npos) << name;
    }
}

TEST(Metrics, have_a_bounded_number_of_lines) {
    MetricsOfParts parts;
    for (std::size_t i = 0; i < kLabelledMax + 2; ++i) {
        parts.streams.push_back({"/live/s" + std::to_string(i), 2, 10, 1});
        parts.cameras.push_back({"c" + std::to_string(i), 1, 1, 1, 5, {}});
    }
    const std::string text = text_of(parts);
    EXPECT_NE(text.find("streamd_stream_viewers{stream=\"_other\"} 4\n"), std::string::npos);
    EXPECT_NE(text.find("streamd_camera_received_bytes_total{camera=\"_other\"} 10\n"),
              std::string::npos);
    EXPECT_NE(text.find("streamd_camera_connected{camera=\"_other\"} 2\n"), std::string::npos);
    EXPECT_NE(text.find("streamd_camera_recording{camera=\"_other\"} 2\n"), std::string::npos);
    EXPECT_EQ(text.find("\"/live/s1000\""), std::string::npos);
}

TEST(MetricsPage, is_the_committed_one) {
    std::ifstream file(ST_SOURCE_DIR "/docs/metrics.md");
    const std::string committed((std::istreambuf_iterator<char>(file)), {});
    EXPECT_EQ(committed, metrics_page()) << "streamd --metrics-page > docs/metrics.md";
}

}  // namespace
}  // namespace st::api
