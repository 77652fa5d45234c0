#pragma once
/// sources.list: on-demand sources and how they are. Pure: a value and its JSON.
/// Spec: docs/live.md, "On-demand sources". GET /api/v1/sources.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "control/error.h"

namespace st::control {

enum class SourceState : std::uint8_t { idle, starting, running, stopping, backing_off, failed };

struct SourceStatus {
    std::string path;   ///< "/<app>/<name>"
    std::string input;  ///< URL or command, without passwords
    SourceState state = SourceState::idle;
    std::optional<std::uint64_t> pid;
    std::uint64_t viewers = 0;
    std::uint64_t restarts = 0;              ///< after crashes, since the server's start
    std::uint64_t crashes = 0;               ///< within the crash window, as of the last one
    std::optional<std::string> last_error;   ///< of the last crash
    std::optional<std::uint64_t> uptime_ms;  ///< since the first packet of this run
    bool operator==(const SourceStatus&) const = default;
};

std::string_view to_text(SourceState state);
std::string encode(const SourceStatus& status);
Decoded<SourceStatus> decode_source_status(std::string_view body);

}  // namespace st::control
