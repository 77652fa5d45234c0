#include "api/metrics.h"

#include "api/exposition.h"
#include "base/secrets.h"
#include "control/status.h"

namespace st::api {
namespace {

void server_series(Exposition& out, const httpd::Counters& http, const capture::Counters& m,
                   const MetricsOfParts& parts) {
    out.family("build_info");
    out.sample(std::uint64_t{1}, {{"version", parts.version}});
    out.single("start_time_seconds", static_cast<double>(parts.started_us) / 1e6);
    out.single("connections_total", http.connections_total.load());
    out.single("connections_refused_total", http.connections_refused_total.load());
    out.single("connections", static_cast<double>(http.connections.load()));
    out.single("http_requests_total", http.http_requests_total.load());
    out.single("websocket_violations_total", http.websocket_violations_total.load());
    out.single("held_bytes", static_cast<double>(http.memory.total()));
    out.single("cameras", static_cast<double>(m.cameras.load()));
    out.single("cameras_recording", static_cast<double>(m.cameras_recording.load()));
    out.single("frames_total", m.frames_total.load());
    out.single("frame_bytes_total", m.frame_bytes_total.load());
    out.single("frames_bad_total", m.frames_bad_total.load());
    out.single("stalls_total", m.stalls_total.load());
    out.single("sessions_opened_total", m.sessions_opened_total.load());
    out.single("sessions_finished_total", m.sessions_finished_total.load());
    out.single("sessions_failed_total", m.sessions_failed_total.load());
}

void recorder_series(Exposition& out, const MetricsOfParts& parts) {
    const record::RecorderStatus& recorder = parts.recorder;
    out.single("sessions_open", static_cast<double>(recorder.sessions_open));
    out.single("sessions_finalising", static_cast<double>(recorder.finalising));
    out.single("recorder_queued_bytes", static_cast<double>(recorder.queued_bytes));
    out.single("recorder_written_bytes_total", static_cast<double>(recorder.written_bytes));
    out.single("recorder_write_lag_seconds", recorder.write_lag_seconds);
    out.single("recorder_sync_seconds", recorder.sync_seconds);
    out.single("recorder_sync_lag_seconds", recorder.sync_lag_seconds);
    if (parts.disk) {
        out.single("disk_free_bytes", parts.disk->free_bytes);
        out.single("disk_size_bytes", parts.disk->size_bytes);
        const auto left =
            control::disk_seconds_left(parts.disk->free_bytes, recorder.bytes_per_second);
        if (left) out.single("disk_left_seconds", *left);
    }
    const record::SegmentTotals& segments = parts.segments;
    out.single("segment_recorders", static_cast<double>(segments.recorders));
    out.single("segments_total", static_cast<double>(segments.segments));
    out.single("segments_finishing", static_cast<double>(segments.finishing));
    out.single("segment_written_bytes_total", static_cast<double>(segments.bytes));
    out.single("segment_queued_bytes", static_cast<double>(segments.queued_bytes));
    out.single("segment_failures_total", segments.failures);
    out.single("segment_dropped_packets_total", segments.dropped);
    out.single("live_publishers", parts.publishers);
    out.single("live_viewers", parts.viewers);
}

/// What is over the limit as one more item, so that sums over the label stay right.
/// `other`: that one before anything is added.
template <class Item, class Add>
std::vector<Item> bounded(const std::vector<Item>& all, Item other, Add add) {
    if (all.size() <= kLabelledMax) return all;
    std::vector<Item> some(all.begin(), all.begin() + kLabelledMax);
    for (std::size_t i = kLabelledMax; i < all.size(); ++i) add(other, all[i]);
    some.push_back(std::move(other));
    return some;
}

void camera_series(Exposition& out, const std::vector<CameraMetrics>& all) {
    // Of several together only what can be added up is said.
    CameraMetrics other{.name = kOtherLabel, .connected = 0};
    const auto cameras =
        bounded(all, std::move(other), [](CameraMetrics& sum, const CameraMetrics& one) {
            sum.connected += one.connected;
            sum.recording += one.recording;
            sum.fps += one.fps;
            sum.lost += one.lost;
            sum.received_bytes += one.received_bytes;
        });
    const auto series = [&](const char* name, auto value) {
        out.family(name);
        for (const CameraMetrics& camera : cameras) {
            if (const auto shown = value(camera)) out.sample(*shown, {{"camera", camera.name}});
        }
    };
    using Camera = CameraMetrics;
    using Count = std::optional<std::uint64_t>;
    using Real = std::optional<double>;
    const auto seconds = [](const std::optional<std::int64_t>& us) {
        return us ? Real(static_cast<double>(*us) / 1e6) : Real();
    };
    series("camera_connected", [](const Camera& camera) { return Count(camera.connected); });
    series("camera_recording", [](const Camera& camera) { return Count(camera.recording); });
    series("camera_fps", [](const Camera& camera) { return Real(camera.fps); });
    series("camera_lost_total", [](const Camera& camera) { return Count(camera.lost); });
    series("camera_received_bytes_total",
           [](const Camera& camera) { return Count(camera.received_bytes); });
    series("camera_clock_bound_seconds",
           [&](const Camera& camera) { return seconds(camera.clock.bound_us); });
    series("camera_clock_drift_ratio", [&](const Camera& camera) {
        return seconds(camera.clock.drift_ppm);  // millionths, too
    });
    series("camera_round_trip_seconds",
           [&](const Camera& camera) { return seconds(camera.clock.rtt_us); });
}

void stream_series(Exposition& out, const std::vector<StreamMetrics>& all) {
    const auto streams = bounded(all, StreamMetrics{.path = kOtherLabel},
                                 [](StreamMetrics& sum, const StreamMetrics& one) {
                                     sum.viewers += one.viewers;
                                     sum.received_bytes += one.received_bytes;
                                     sum.fps += one.fps;
                                 });
    out.family("stream_viewers");
    for (const StreamMetrics& one : streams) out.sample(one.viewers, {{"stream", one.path}});
    out.family("stream_received_bytes_total");
    for (const StreamMetrics& one : streams) out.sample(one.received_bytes, {{"stream", one.path}});
    out.family("stream_fps");
    for (const StreamMetrics& one : streams) out.sample(one.fps, {{"stream", one.path}});
}

void hook_series(Exposition& out, const std::vector<control::HookStatus>& hooks) {
    const auto series = [&](const char* name, auto value) {
        out.family(name);
        for (std::size_t i = 0; i < hooks.size(); ++i) {
            // URLs that differ in a secret alone look the same, and two equal series are refused.
            const std::string id = hooks[i].id.value_or("notify[" + std::to_string(i) + "]");
            out.sample(
                std::uint64_t{value(hooks[i])},
                {{"hook", id}, {"url", without_path(hooks[i].url)}, {"format", hooks[i].format}});
        }
    };
    using Hook = control::HookStatus;
    series("hook_queued", [](const Hook& hook) { return hook.queued; });
    series("hook_queued_bytes", [](const Hook& hook) { return hook.queued_bytes; });
    series("hook_delivered_total", [](const Hook& hook) { return hook.delivered; });
    series("hook_dropped_total", [](const Hook& hook) { return hook.dropped; });
    series("hook_given_up_total", [](const Hook& hook) { return hook.given_up; });
    series("hook_failed", [](const Hook& hook) { return hook.failed; });
    series("hook_up", [](const Hook& hook) { return hook.last_error ? 0U : 1U; });
    series("hook_journal_up", [](const Hook& hook) { return hook.journal_error ? 0U : 1U; });
}

void busy_series(Exposition& out, std::span<const loop::BusyStats* const> loops) {
    out.family("loop_busy_seconds");
    for (std::size_t i = 0; i < loops.size(); ++i) {
        const std::string loop = std::to_string(i);
        std::uint64_t below = 0;
        for (std::size_t b = 0; b < loops[i]->turns.size(); ++b) {
            below += loops[i]->turns[b].load(std::memory_order_relaxed);
            const bool is_last = b == loop::BusyStats::kBoundsUs.size();
            const std::string bound =
                is_last ? "+Inf"
                        : metric_number(static_cast<double>(loop::BusyStats::kBoundsUs[b]) / 1e6);
            out.part("_bucket", below, {{"loop", loop}, {"le", bound}});
        }
        out.part("_sum", static_cast<double>(loops[i]->busy_ns.load()) / 1e9, {{"loop", loop}});
        out.part("_count", below, {{"loop", loop}});
    }
    out.family("loop_busy_max_seconds");
    for (std::size_t i = 0; i < loops.size(); ++i) {
        out.sample(static_cast<double>(loops[i]->busy_max_ns.load()) / 1e9,
                   {{"loop", std::to_string(i)}});
    }
}

}  // namespace

std::string prometheus_text(const httpd::Counters& http, const capture::Counters& cameras,
                            std::span<const loop::BusyStats* const> loops,
                            const MetricsOfParts& parts) {
    Exposition out;
    server_series(out, http, cameras, parts);
    recorder_series(out, parts);
    camera_series(out, parts.cameras);
    stream_series(out, parts.streams);
    hook_series(out, parts.hooks);
    busy_series(out, loops);
    return out.take();
}

}  // namespace st::api
