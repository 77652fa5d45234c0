#pragma once
/// The counters of all parts as Prometheus text (exposition format 0.0.4). Any thread.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "capture/counters.h"
#include "control/hook_status.h"
#include "httpd/counters.h"
#include "loop/event_loop.h"

namespace st::api {

/// One value that is not in the counters of the parts: name without prefix, help, value.
struct Metric {
    std::string name;
    std::string help;
    double value = 0;
    bool is_counter = false;  ///< its name ends with _total
};

/// One connected camera.
struct CameraMetrics {
    std::string name;
    bool is_recording = false;
    double fps = 0;  ///< in the last second
    std::uint64_t lost = 0;
    std::uint64_t received_bytes = 0;
    std::optional<double> clock_bound_seconds;  ///< none: its clock is not known
};

struct DiskMetrics {
    std::uint64_t free_bytes = 0;
    std::uint64_t size_bytes = 0;
    std::optional<double> seconds_left;  ///< at the present rate; none: nothing is written
};

struct MetricsOfParts {
    std::string version;
    std::vector<CameraMetrics> cameras{};
    std::optional<DiskMetrics> disk{};
    std::vector<control::HookStatus> hooks{};
    std::vector<Metric> more{};
};

/// `loops`: the network loops' busy times, one series each, "streamd_loop_busy_seconds" being the
/// time from epoll_wait's return to its next call.
std::string prometheus_text(const httpd::Counters& http, const capture::Counters& cameras,
                            std::span<const loop::BusyStats* const> loops,
                            const MetricsOfParts& parts);

}  // namespace st::api
