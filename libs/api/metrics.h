#pragma once
/// The figures of all parts as Prometheus text. Any thread.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/disk_room.h"
#include "capture/counters.h"
#include "control/camera_status.h"
#include "control/hook_status.h"
#include "httpd/counters.h"
#include "loop/event_loop.h"
#include "record/recorder.h"
#include "record/segments.h"

namespace st::api {

/// Cameras and streams with lines of their own; the others are summed up.
constexpr std::size_t kLabelledMax = 1'000;
constexpr const char* kOtherLabel = "_other";

/// One connected camera, or those over the limit summed up.
struct CameraMetrics {
    std::string name;
    std::uint64_t recording = 0;  ///< how many of them are
    double fps = 0;               ///< in the last second
    std::uint64_t lost = 0;
    std::uint64_t received_bytes = 0;
    control::CameraClock clock{};
    std::uint64_t connected = 1;
};

struct StreamMetrics {
    std::string path;
    std::uint64_t viewers = 0;
    std::uint64_t received_bytes = 0;
    double fps = 0;  ///< in the last second
};

struct MetricsOfParts {
    std::string version;
    std::int64_t started_us = 0;  ///< wall clock
    record::RecorderStatus recorder{};
    record::SegmentTotals segments{};
    std::uint64_t publishers = 0;
    std::uint64_t viewers = 0;
    std::vector<CameraMetrics> cameras{};
    std::vector<StreamMetrics> streams{};
    std::vector<control::HookStatus> hooks{};
    std::optional<DiskSpace> disk{};  ///< none: it does not answer
};

/// `loops`: the network loops' busy times, one series each.
std::string prometheus_text(const httpd::Counters& http, const capture::Counters& cameras,
                            std::span<const loop::BusyStats* const> loops,
                            const MetricsOfParts& parts);

}  // namespace st::api
