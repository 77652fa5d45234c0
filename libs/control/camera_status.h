#pragma once
/// One connected camera as the API shows it. Pure: a value and its JSON.
/// Spec: docs/http-api.md, "Cameras". GET /api/v1/cameras[/NAME].
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "control/error.h"

namespace st::control {

enum class CameraState { idle, starting, previewing, recording, stopping, finalising, gone };
std::string_view to_text(CameraState state);

/// What a camera records at present.
struct RecordingNow {
    std::optional<std::string> take;
    unsigned part = 1;
    std::optional<std::string> started_by;  ///< "user@host"
    std::string started_at;                 ///< RFC 3339
    std::uint64_t messages = 0;
    std::uint64_t pictures = 0;
    std::uint64_t bytes = 0;
    std::uint64_t duration_ms = 0;
    std::uint64_t missing = 0;  ///< messages that did not come
    bool operator==(const RecordingNow&) const = default;
};

/// How its clock stands: docs/camera.md, "The finer clock".
struct CameraClock {
    std::string unit = "ms";                ///< of its timestamps: "ms", "us"
    std::string method = "none";            ///< "exchange", "arrival", "none"
    std::optional<std::int64_t> offset_us;  ///< to add to its time for the server's wall clock
    std::optional<std::int64_t> drift_ppm;  ///< how much slower it runs
    std::optional<std::int64_t> bound_us;   ///< the offset is wrong by no more
    std::optional<std::int64_t> rtt_us;     ///< the least round trip
    std::uint64_t exchanges = 0;
    bool operator==(const CameraClock&) const = default;
};

/// What the device said of itself last: docs/camera.md, "Health".
struct CameraHealth {
    std::optional<double> battery;  ///< 0 to 1
    std::optional<bool> charging;
    std::optional<double> fps;
    std::optional<std::uint64_t> encoder_queue;
    std::optional<std::uint64_t> unsent;
    std::optional<std::uint64_t> unsent_bytes;
    std::optional<std::uint64_t> lost;
    std::optional<bool> awake;
    std::optional<bool> hidden;
    std::string at;  ///< RFC 3339
    bool operator==(const CameraHealth&) const = default;
};

struct CameraStatus {
    std::string name;
    std::string peer;                  ///< address:port
    std::string path;                  ///< of its WebSocket request
    std::optional<std::string> model;  ///< from its capabilities
    CameraState state = CameraState::idle;
    std::optional<std::string> session;          ///< the recording's id, while there is one
    std::optional<RecordingNow> recording = {};  ///< with `session`
    std::optional<std::uint32_t> width;          ///< of the pictures it really sends, once one came
    std::optional<std::uint32_t> height;
    std::string codec = "h264";    ///< "h264", "mjpeg"
    double fps_1s = 0;             ///< pictures in the last second
    std::uint64_t bitrate_1s = 0;  ///< bits in the last second
    std::uint64_t frames = 0;      ///< messages accepted since it connected
    std::uint64_t bytes = 0;       ///< payload bytes of those
    std::uint64_t bad = 0;         ///< messages dropped because they were malformed
    CameraClock clock;
    std::optional<CameraHealth> health = {};
    std::string connected_at;  ///< RFC 3339
    std::string last_seen;     ///< RFC 3339
    bool operator==(const CameraStatus&) const = default;
};

std::string encode(const CameraStatus& camera);
Decoded<CameraStatus> decode_camera(std::string_view body);

}  // namespace st::control
