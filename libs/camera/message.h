#pragma once
/// Text messages between server and camera, both directions. Pure. Spec: docs/camera.md, "Text
/// messages".
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace st::camera {

/// A longer text message closes the connection (1009) before it gets here; here it is Other.
constexpr std::size_t kTextBytesMax = 64 * 1024;
/// Deepest nesting of a text message that is read; deeper is Other.
constexpr std::size_t kTextDepthMax = 16;

struct Size {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    bool operator==(const Size&) const = default;
};

/// What a capture is asked to be.
struct StartParameters {
    std::optional<Size> resolution;  ///< exact; wins over aspect
    std::optional<Size> aspect;      ///< a ratio, e.g. 16:9
    std::uint64_t bitrate_bps = 4'000'000;
    std::uint32_t fps = 0;  ///< 0: as fast as the camera can
    bool operator==(const StartParameters&) const = default;
};

/// width:height in lowest terms. Both must be above 0.
Size reduced(Size size);

// ---- server side -----------------------------------------------------------------------------

/// {"command":"start_capture","payload":{...}}: bitrate in whole Mbit/s (at least 1, rounded half
/// up) for the existing app, bitrateBps exact; aspectRatio left out only when neither is given.
std::string encode_start(const StartParameters& parameters);
std::string encode_stop();
/// {"status":"warning","message":...}: only for a camera that said it reads them.
std::string encode_warning(std::string_view message);

struct Ready {};
struct CaptureStarted {
    std::string message;  ///< for people; may be empty
};
struct CaptureStopped {
    std::string message;
};
struct CameraError {
    std::string message;
};
struct Capabilities {
    std::string json;             ///< the whole message with its texts cleaned, one JSON object
    std::string device_model;     ///< "" if not given
    bool wants_warnings = false;  ///< "warnings": true or a number above 0
};
struct Other {};  ///< anything else, JSON or not: noted, never acted on
using Message =
    std::variant<Other, Ready, CaptureStarted, CaptureStopped, CameraError, Capabilities>;

/// Texts come out cleaned (base/text.h). Never fails: what is not one of ours (not JSON, not an
/// object, too deep, a key twice, over kTextBytesMax) is Other.
Message decode_message(std::string_view text);

// ---- camera side (streamctl push) ------------------------------------------------------------

struct Stop {};
using Command = std::variant<StartParameters, Stop>;

/// A server's command as the existing app reads it: payload is mandatory for start_capture,
/// absent fields have the defaults, negative fps is 0. Recoverable: an error is answered with
/// encode_status(Status::error, ...).
Result<Command> decode_command(std::string_view text);

enum class Status { ready, capture_started, capture_stopped, error };
std::string encode_status(Status status, std::string_view message);

struct OfferedResolution {
    Size size;
    std::string lens_facing = "back";
};
struct CapabilitiesOffer {
    std::string device_model;
    std::int64_t sdk_int = 0;
    std::vector<OfferedResolution> resolutions;
};
std::string encode_capabilities(const CapabilitiesOffer& offer);

}  // namespace st::camera
