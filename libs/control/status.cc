#include "control/status.h"

#include "control/fields.h"

namespace st::control {

namespace {

constexpr auto kCameras = [](auto& way, auto& status) {
    field(way, "connected", status.cameras_connected);
    field(way, "recording", status.cameras_recording);
    field(way, "finalising", status.sessions_finalising);
};

constexpr auto kRecordings = [](auto& way, auto& status) {
    field(way, "path", status.recordings_path);
    field(way, "disk_free_bytes", status.disk_free_bytes);
    field(way, "disk_total_bytes", status.disk_total_bytes);
    field(way, "bytes_per_second", status.bytes_per_second);
    field(way, "disk_seconds_left", status.disk_seconds_left);
    field(way, "warn_free_ms", status.warn_free_ms);
};

constexpr auto kLoop = [](auto& way, auto& loop) {
    field(way, "connections", loop.connections);
    field(way, "busy_max_us", loop.busy_max_us);
};

constexpr auto kStatus = [](auto& way, auto& status) {
    required(way, "version", status.version);
    field(way, "started_at", status.started_at);
    field(way, "uptime_ms", status.uptime_ms);
    field(way, "connections", status.connections);
    object_field(way, "cameras", status, kCameras);
    field(way, "frames", status.frames);
    field(way, "bytes", status.bytes);
    field(way, "bad", status.bad);
    object_field(way, "recordings", status, kRecordings);
    field(way, "urls", status.urls);
    objects_field(way, "loops", status.loops, kLoop);
};

}  // namespace

std::optional<std::uint64_t> disk_seconds_left(std::optional<std::uint64_t> free_bytes,
                                               std::uint64_t bytes_per_second) {
    if (!free_bytes || bytes_per_second == 0) return std::nullopt;
    return *free_bytes / bytes_per_second;
}

std::string encode(const ServerStatus& status) { return write_fields(status, kStatus); }

Decoded<ServerStatus> decode_status(std::string_view body) {
    return read_fields<ServerStatus>(body, kStatus);
}

}  // namespace st::control
