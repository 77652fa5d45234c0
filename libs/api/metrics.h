#pragma once
/// Counters of the server and their Prometheus text (exposition format 0.0.4). Any thread.
#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "loop/event_loop.h"

namespace st::api {

struct Metrics {
    std::atomic<std::uint64_t> connections_total{0};
    std::atomic<std::uint64_t> connections_refused_total{0};
    std::atomic<std::int64_t> connections{0};
    std::atomic<std::uint64_t> http_requests_total{0};
    std::atomic<std::uint64_t> websocket_violations_total{0};
    std::atomic<std::int64_t> cameras{0};
    std::atomic<std::int64_t> cameras_recording{0};
    std::atomic<std::uint64_t> frames_total{0};
    std::atomic<std::uint64_t> frame_bytes_total{0};
    std::atomic<std::uint64_t> frames_bad_total{0};
    std::atomic<std::uint64_t> stalls_total{0};
    std::atomic<std::uint64_t> sessions_opened_total{0};
    std::atomic<std::uint64_t> sessions_finished_total{0};
    std::atomic<std::uint64_t> sessions_failed_total{0};
};

/// One value that is not a counter of ours: name without prefix, help, value.
struct Gauge {
    std::string name;
    std::string help;
    double value;
};

/// `loops`: the network loops' busy times, one series each, "streamd_loop_busy_seconds" being the
/// time from epoll_wait's return to its next call.
std::string prometheus_text(const Metrics& metrics, std::span<const loop::BusyStats* const> loops,
                            std::span<const Gauge> gauges);

}  // namespace st::api
