#pragma once
/// take.json: what was recorded together, on one time line. Pure. Spec: docs/streamctl.md, "One
/// time line".
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace st::control {

/// A recording's place on the line. Errors are plus or minus, in milliseconds.
struct TakeRecording {
    std::string id;
    std::string camera;
    std::string file;  ///< beside take.json
    std::uint64_t pictures = 0;
    std::uint64_t duration_ms = 0;
    std::uint64_t begins_us = 0;            ///< where its first picture is shown
    std::optional<double> error_ms;         ///< the sum of the three; nullopt: not bounded
    std::optional<double> clock_error_ms;   ///< of laying the camera's clock along the server's
    double network_error_ms = 0;            ///< of the least delay, which arrivals cannot tell
    bool was_pinged = false;                ///< that delay was measured, not assumed
    double camera_error_ms = 0;             ///< between sensor and socket; assumed
    std::optional<double> clock_offset_us;  ///< to add to the camera's times for the server's
    std::optional<double> clock_drift_ppm;  ///< how much slower the camera's clock runs
};

struct Take {
    std::optional<std::string> name;
    std::string zero;                ///< RFC 3339: the server's wall clock at time 0
    std::optional<double> error_ms;  ///< the greatest of the recordings'; nullopt: one has no bound
    std::vector<TakeRecording> recordings;
};

/// One line.
std::string encode(const Take& take);

}  // namespace st::control
