#pragma once
/// server.status: what the server is doing. Pure: a value and its JSON.
/// Spec: docs/http-api.md, "Status". GET /api/v1/status.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/error.h"

namespace st::control {

struct LoopStatus {
    std::uint64_t connections = 0;
    std::uint64_t busy_max_us = 0;  ///< longest turn so far: epoll_wait's return to its next call
    bool operator==(const LoopStatus&) const = default;
};

struct ServerStatus {
    std::string version;
    std::string started_at;  ///< RFC 3339
    std::uint64_t uptime_ms = 0;
    std::uint64_t connections = 0;  ///< open sockets of every kind
    std::uint64_t cameras_connected = 0;
    std::uint64_t cameras_recording = 0;
    std::uint64_t sessions_finalising = 0;
    std::uint64_t frames = 0;  ///< totals since the start
    std::uint64_t bytes = 0;
    std::uint64_t bad = 0;
    std::string recordings_path;                   ///< absolute
    std::optional<std::uint64_t> disk_free_bytes;  ///< none: the disk does not answer
    std::optional<std::uint64_t> disk_total_bytes;
    std::uint64_t bytes_per_second = 0;  ///< written to recordings, over the last ten seconds
    std::optional<std::uint64_t> disk_seconds_left;  ///< disk_seconds_left() of these
    std::uint64_t warn_free_ms = 0;                  ///< recording.warn_free
    std::vector<std::string> urls;                   ///< what a camera can be pointed at
    std::vector<LoopStatus> loops;
    bool operator==(const ServerStatus&) const = default;
};

/// How long a disk lasts at that rate; nullopt: nothing is written, or its room is not known.
std::optional<std::uint64_t> disk_seconds_left(std::optional<std::uint64_t> free_bytes,
                                               std::uint64_t bytes_per_second);

std::string encode(const ServerStatus& status);
Decoded<ServerStatus> decode_status(std::string_view body);

}  // namespace st::control
