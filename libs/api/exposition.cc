#include "api/exposition.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdio>

namespace st::api {
namespace {

using enum MetricType;

constexpr std::array kFamilies = {
    MetricFamily{"build_info", gauge, "version", "1; which streamd this is."},
    MetricFamily{"start_time_seconds", gauge, "", "When it was started, Unix time."},
    MetricFamily{"connections_total", counter, "", "TCP connections accepted."},
    MetricFamily{"connections_refused_total", counter, "", "Connections turned away by a limit."},
    MetricFamily{"connections", gauge, "", "Open connections."},
    MetricFamily{"http_requests_total", counter, "", "HTTP requests answered."},
    MetricFamily{"websocket_violations_total", counter, "",
                 "Connections closed for breaking RFC 6455."},
    MetricFamily{"held_bytes", gauge, "", "What peers make the server hold, of limits.memory."},
    MetricFamily{"cameras", gauge, "", "Connected cameras."},
    MetricFamily{"cameras_recording", gauge, "", "Cameras with an open recording."},
    MetricFamily{"frames_total", counter, "", "Camera messages accepted."},
    MetricFamily{"frame_bytes_total", counter, "", "Payload bytes of those."},
    MetricFamily{"frames_bad_total", counter, "", "Camera messages dropped as malformed."},
    MetricFamily{"stalls_total", counter, "",
                 "Times a camera was not read because its disk was behind."},
    MetricFamily{"sessions_opened_total", counter, "", "Recordings begun."},
    MetricFamily{"sessions_finished_total", counter, "", "Recordings finished."},
    MetricFamily{"sessions_failed_total", counter, "", "Recordings that failed."},
    MetricFamily{"sessions_open", gauge, "", "Recordings being written."},
    MetricFamily{"sessions_finalising", gauge, "",
                 "Recordings whose MP4 is being made or waits for it."},
    MetricFamily{"recorder_queued_bytes", gauge, "", "Received and not yet written."},
    MetricFamily{"recorder_written_bytes_total", counter, "", "Written to dumps since the start."},
    MetricFamily{"recorder_write_lag_seconds", gauge, "",
                 "Longest wait in a writer's queue in its latest round."},
    MetricFamily{"recorder_sync_seconds", gauge, "", "How long the latest sync took."},
    MetricFamily{"recorder_sync_lag_seconds", gauge, "",
                 "Age of the oldest byte not known to be on the disk."},
    MetricFamily{"disk_free_bytes", gauge, "", "Free on the disk of the recordings."},
    MetricFamily{"disk_size_bytes", gauge, "", "Size of that disk."},
    MetricFamily{"disk_left_seconds", gauge, "",
                 "How long it lasts at the rate at which recordings and segments were written in "
                 "the last ten seconds; no line while nothing is written."},
    MetricFamily{"segment_recorders", gauge, "",
                 "Live streams that are being recorded in segments."},
    MetricFamily{"segments_total", counter, "",
                 "Segments of live streams that were finished since the start."},
    MetricFamily{"segments_finishing", gauge, "",
                 "Segments that have ended and are no plain files yet."},
    MetricFamily{"segment_written_bytes_total", counter, "",
                 "Written to segments since the start."},
    MetricFamily{"segment_queued_bytes", gauge, "", "Of live streams, waiting for the disk."},
    MetricFamily{"segment_failures_total", counter, "",
                 "Recordings of live streams that could not go on."},
    MetricFamily{"segment_dropped_packets_total", counter, "",
                 "Of live streams being recorded, packets that the disk was too slow or too full "
                 "for."},
    MetricFamily{"live_publishers", gauge, "", "Live streams that have a publisher."},
    MetricFamily{"live_viewers", gauge, "", "Who watches, over all streams."},
    MetricFamily{
        "camera_connected", gauge, "camera",
        "1 for each connected camera, of those summed up how many; one that has gone has no line."},
    MetricFamily{"camera_recording", gauge, "camera",
                 "1 while it is recorded, else 0; of those summed up how many are."},
    MetricFamily{"camera_fps", gauge, "camera", "Pictures in the last second."},
    MetricFamily{"camera_lost_total", counter, "camera",
                 "Messages that did not come, by their numbers, since it connected."},
    MetricFamily{"camera_received_bytes_total", counter, "camera",
                 "Payload bytes since it connected."},
    MetricFamily{"camera_clock_bound_seconds", gauge, "camera",
                 "How far the offset of its clock may be wrong, by its answers about it; no line "
                 "for a camera that has given none."},
    MetricFamily{"camera_clock_drift_ratio", gauge, "camera",
                 "How much slower its clock runs than the server's: 0.00002 is 20 ppm; no line "
                 "where that is not known."},
    MetricFamily{"camera_round_trip_seconds", gauge, "camera",
                 "The least round trip of its answers about its clock."},
    MetricFamily{"stream_viewers", gauge, "stream", "Who watches a live stream."},
    MetricFamily{"stream_received_bytes_total", counter, "stream",
                 "Payload bytes of its publisher since that one came."},
    MetricFamily{"stream_fps", gauge, "stream", "Its pictures in the last second."},
    MetricFamily{"hook_queued", gauge, "hook url format", "Messages that wait to be delivered."},
    MetricFamily{"hook_queued_bytes", gauge, "hook url format", "What those take in the journal."},
    MetricFamily{"hook_delivered_total", counter, "hook url format", "Messages delivered."},
    MetricFamily{"hook_dropped_total", counter, "hook url format",
                 "Messages not taken, since the journal was full or the target had ended."},
    MetricFamily{"hook_given_up_total", counter, "hook url format",
                 "Messages given up after the last attempt."},
    MetricFamily{"hook_failed", gauge, "hook url format",
                 "Messages given up and kept for a replay."},
    MetricFamily{"hook_up", gauge, "hook url format",
                 "0 while the last attempt at a target has failed, else 1."},
    MetricFamily{"hook_journal_up", gauge, "hook url format",
                 "0 while its journal cannot be opened or written, else 1."},
    MetricFamily{"loop_busy_seconds", histogram, "loop",
                 "Time a network loop was busy in one turn: from epoll_wait's return to its next "
                 "call."},
    MetricFamily{"loop_busy_max_seconds", gauge, "loop",
                 "The longest turn of each network loop so far."},
};

std::string_view to_text(MetricType type) {
    switch (type) {
        case counter:
            return "counter";
        case gauge:
            return "gauge";
        case histogram:
            return "histogram";
    }
    return "";
}

/// As the exposition format wants it between quotes.
std::string label_value(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        out += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    return out;
}

}  // namespace

std::span<const MetricFamily> metric_families() { return kFamilies; }

std::string metric_number(double value) {
    std::array<char, 40> text{};
    const bool is_whole = value == std::floor(value) && std::abs(value) < 1e15;
    std::snprintf(text.data(), text.size(), is_whole ? "%.0f" : "%.9g", value);
    return text.data();
}

void Exposition::family(std::string_view name) {
    const auto found = std::find_if(kFamilies.begin(), kFamilies.end(),
                                    [&](const MetricFamily& one) { return one.name == name; });
    assert(found != kFamilies.end());
    family_ = &*found;
    has_head_ = false;
}

void Exposition::line(std::string_view ending, Labels labels, double value) {
    line(ending, labels, metric_number(value));
}

void Exposition::line(std::string_view ending, Labels labels, std::uint64_t value) {
    line(ending, labels, std::to_string(value));
}

void Exposition::line(std::string_view ending, Labels labels, const std::string& value) {
    const std::string name = "streamd_" + std::string(family_->name);
    if (!has_head_) {
        has_head_ = true;
        text_ += "# HELP " + name + " " + std::string(family_->help) + "\n# TYPE " + name + " " +
                 std::string(to_text(family_->type)) + "\n";
    }
    text_ += name + std::string(ending);
    std::string inside;
    for (const auto& [label, text] : labels) {
        inside +=
            (inside.empty() ? "" : ",") + std::string(label) + "=\"" + label_value(text) + "\"";
    }
    if (!inside.empty()) text_ += "{" + inside + "}";
    text_ += " " + value + "\n";
}

std::string metrics_page() {
    std::string page =
        R"(# Metrics

<!-- Written by `streamd --metrics-page`; a test compares. Change the table in
     libs/api/exposition.cc instead. -->

`GET /metrics` answers in Prometheus' text format 0.0.4, to whoever has the role control
([operations.md](operations.md#watching-it) says how a scraper gets it). Units are seconds and bytes. Counters begin at 0
with the server, those of a camera or stream with its connection. At most 1,000 cameras and 1,000 streams have lines of
their own, by their names; the others are together in those of `_other`.

| name | type | labels | what |
| --- | --- | --- | --- |
)";
    for (const MetricFamily& family : kFamilies) {
        std::string labels;
        for (const char c : family.labels) labels += c == ' ' ? "`, `" : std::string(1, c);
        page += "| `streamd_" + std::string(family.name) + "` | " +
                std::string(to_text(family.type)) + " | " +
                (labels.empty() ? "" : "`" + labels + "`") + " | " + std::string(family.help) +
                " |\n";
    }
    return page;
}

}  // namespace st::api
