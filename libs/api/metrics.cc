#include "api/metrics.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace st::api {
namespace {

std::string number(double value) {
    std::array<char, 40> text{};
    // Bytes are said to the byte.
    const bool is_whole = value == std::floor(value) && std::abs(value) < 1e15;
    std::snprintf(text.data(), text.size(), is_whole ? "%.0f" : "%.9g", value);
    return text.data();
}

void head(std::string& out, const std::string& name, const char* type, const std::string& help) {
    out += "# HELP streamd_" + name + " " + help + "\n# TYPE streamd_" + name + " " + type + "\n";
}

void counter(std::string& out, const char* name, const char* help, std::uint64_t value) {
    head(out, name, "counter", help);
    out += std::string("streamd_") + name + " " + std::to_string(value) + "\n";
}

void gauge(std::string& out, const std::string& name, const std::string& help, double value) {
    head(out, name, "gauge", help);
    out += "streamd_" + name + " " + number(value) + "\n";
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

void disk_series(std::string& out, const DiskMetrics& disk) {
    gauge(out, "disk_free_bytes", "Free on the disk of the recordings.",
          static_cast<double>(disk.free_bytes));
    gauge(out, "disk_size_bytes", "Size of that disk.", static_cast<double>(disk.size_bytes));
    if (!disk.seconds_left) return;
    gauge(out, "disk_left_seconds", "How long it lasts at the present rate.", *disk.seconds_left);
}

void camera_series(std::string& out, const std::vector<CameraMetrics>& cameras) {
    const auto series = [&](const char* name, const char* type, const char* help, auto value) {
        std::string lines;
        for (const CameraMetrics& camera : cameras) {
            const std::string shown = value(camera);
            if (shown.empty()) continue;
            lines += std::string("streamd_") + name + "{camera=\"" + label_value(camera.name) +
                     "\"} " + shown + "\n";
        }
        if (lines.empty()) return;
        head(out, name, type, help);
        out += lines;
    };
    using Camera = CameraMetrics;
    series("camera_connected", "gauge", "1 for each connected camera.",
           [](const Camera&) { return std::string("1"); });
    series("camera_recording", "gauge", "1 while it is recorded, else 0.",
           [](const Camera& camera) { return std::string(camera.is_recording ? "1" : "0"); });
    series("camera_fps", "gauge", "Pictures in the last second.",
           [](const Camera& camera) { return number(camera.fps); });
    series("camera_lost_total", "counter",
           "Messages that did not come, by their numbers, since it connected.",
           [](const Camera& camera) { return std::to_string(camera.lost); });
    series("camera_received_bytes_total", "counter", "Payload bytes since it connected.",
           [](const Camera& camera) { return std::to_string(camera.received_bytes); });
    series("camera_clock_bound_seconds", "gauge",
           "How far the offset of its clock may be wrong, by its answers about it.",
           [](const Camera& camera) {
               return camera.clock_bound_seconds ? number(*camera.clock_bound_seconds)
                                                 : std::string();
           });
}

void hook_series(std::string& out, const std::vector<control::HookStatus>& hooks) {
    if (hooks.empty()) return;
    const auto series = [&](const char* name, const char* type, const char* help, auto value) {
        head(out, name, type, help);
        for (const control::HookStatus& hook : hooks) {
            out += std::string("streamd_") + name + "{url=\"" + label_value(hook.url) +
                   "\",format=\"" + hook.format + "\"} " + std::to_string(value(hook)) + "\n";
        }
    };
    using Hook = control::HookStatus;
    series("hook_queued", "gauge", "Messages that wait to be delivered.",
           [](const Hook& hook) { return hook.queued; });
    series("hook_delivered_total", "counter", "Messages delivered.",
           [](const Hook& hook) { return hook.delivered; });
    series("hook_dropped_total", "counter", "Messages not taken, since the journal was full.",
           [](const Hook& hook) { return hook.dropped; });
    series("hook_failed", "gauge", "Messages given up and kept for a replay.",
           [](const Hook& hook) { return hook.failed; });
}

void busy_histogram(std::string& out, std::span<const loop::BusyStats* const> loops) {
    head(out, "loop_busy_seconds", "histogram",
         "Time a network loop was busy in one turn: from epoll_wait's return to its next call.");
    for (std::size_t i = 0; i < loops.size(); ++i) {
        const std::string label = "loop=\"" + std::to_string(i) + "\"";
        std::uint64_t below = 0;
        for (std::size_t b = 0; b < loops[i]->turns.size(); ++b) {
            below += loops[i]->turns[b].load(std::memory_order_relaxed);
            const bool last = b == loop::BusyStats::kBoundsUs.size();
            const std::string bound =
                last ? "+Inf" : number(static_cast<double>(loop::BusyStats::kBoundsUs[b]) / 1e6);
            out += "streamd_loop_busy_seconds_bucket{" + label + ",le=\"" + bound + "\"} " +
                   std::to_string(below) + "\n";
        }
        out += "streamd_loop_busy_seconds_sum{" + label + "} " +
               number(static_cast<double>(loops[i]->busy_ns.load()) / 1e9) + "\n";
        out += "streamd_loop_busy_seconds_count{" + label + "} " + std::to_string(below) + "\n";
    }
    head(out, "loop_busy_max_seconds", "gauge", "The longest turn of each network loop so far.");
    for (std::size_t i = 0; i < loops.size(); ++i) {
        out += "streamd_loop_busy_max_seconds{loop=\"" + std::to_string(i) + "\"} " +
               number(static_cast<double>(loops[i]->busy_max_ns.load()) / 1e9) + "\n";
    }
}

}  // namespace

std::string prometheus_text(const httpd::Counters& http, const capture::Counters& m,
                            std::span<const loop::BusyStats* const> loops,
                            const MetricsOfParts& parts) {
    std::string out;
    head(out, "build_info", "gauge", "Which streamd this is.");
    out += "streamd_build_info{version=\"" + label_value(parts.version) + "\"} 1\n";
    counter(out, "connections_total", "TCP connections accepted.", http.connections_total);
    counter(out, "connections_refused_total", "Connections turned away by a limit.",
            http.connections_refused_total);
    gauge(out, "connections", "Open connections.", static_cast<double>(http.connections));
    counter(out, "http_requests_total", "HTTP requests answered.", http.http_requests_total);
    counter(out, "websocket_violations_total", "Connections closed for breaking RFC 6455.",
            http.websocket_violations_total);
    gauge(out, "held_bytes", "What peers make the server hold, of limits.memory.",
          static_cast<double>(http.memory.total()));
    gauge(out, "cameras", "Connected cameras.", static_cast<double>(m.cameras));
    gauge(out, "cameras_recording", "Cameras with an open session.",
          static_cast<double>(m.cameras_recording));
    counter(out, "frames_total", "Camera messages accepted.", m.frames_total);
    counter(out, "frame_bytes_total", "Payload bytes of those.", m.frame_bytes_total);
    counter(out, "frames_bad_total", "Camera messages dropped as malformed.", m.frames_bad_total);
    counter(out, "stalls_total", "Times a camera was not read because its disk was behind.",
            m.stalls_total);
    counter(out, "sessions_opened_total", "Recording sessions opened.", m.sessions_opened_total);
    counter(out, "sessions_finished_total", "Recording sessions finalised.",
            m.sessions_finished_total);
    counter(out, "sessions_failed_total", "Recording sessions that failed.",
            m.sessions_failed_total);
    for (const Metric& one : parts.more) {
        head(out, one.name, one.is_counter ? "counter" : "gauge", one.help);
        out += "streamd_" + one.name + " " + number(one.value) + "\n";
    }
    if (parts.disk) disk_series(out, *parts.disk);
    camera_series(out, parts.cameras);
    hook_series(out, parts.hooks);
    busy_histogram(out, loops);
    return out;
}

}  // namespace st::api
