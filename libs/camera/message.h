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
#include "camera/frame.h"

namespace st::camera {

/// A longer text message closes the connection (1009) before it gets here; here it is Other.
constexpr std::size_t kTextBytesMax = 64 * 1024;
/// Of capabilities so much is kept, without what stands between its members.
constexpr std::size_t kCapabilitiesBytesMax = 16 * 1024;
/// More than that says nothing about a clock.
constexpr std::uint64_t kUncertaintyMaxUs = 1'000'000'000;
/// Deepest nesting of a text message that is read; deeper is Other.
constexpr std::size_t kTextDepthMax = 16;

struct Size {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    bool operator==(const Size&) const = default;
};

/// Header field of the answer to a camera's upgrade: what it is called here.
constexpr std::string_view kCameraNameField = "X-Streamd-Camera";

/// As notes and session.json have it; anything else is H.264.
constexpr std::string_view kCodecMjpeg = "mjpeg";

/// What a capture is asked to be.
struct StartParameters {
    std::optional<Size> resolution;  ///< exact; wins over aspect
    std::optional<Size> aspect;      ///< a ratio, e.g. 16:9
    std::uint64_t bitrate_bps = 4'000'000;
    std::uint32_t fps = 0;  ///< 0: as fast as the camera can
    /// Pictures taken earlier by the camera's clock, in its unit, are dropped by the camera. Set
    /// for one start of cameras that declare `start_at`.
    std::optional<std::uint64_t> start_at = {};
    bool operator==(const StartParameters&) const = default;
};

/// width:height in lowest terms. Both must be above 0.
Size reduced(Size size);

// ---- server side -----------------------------------------------------------------------------

/// {"command":"start_capture","payload":{...}}: bitrate in whole Mbit/s (at least 1, rounded half
/// up) for the existing app, bitrateBps exact; aspectRatio left out only when neither is given.
/// `capture` names it for a camera that resumes; empty: the key is left out.
std::string encode_start(const StartParameters& parameters, std::string_view capture = {});
std::string encode_stop();
/// {"command":"received","payload":{"capture","seq"}}: all up to `seq` is safe here. Only to
/// cameras that declared `resume`.
std::string encode_received(std::string_view capture, std::uint32_t seq);
/// {"command":"clock","payload":{"id":N}}: only to cameras that declared the exchange.
std::string encode_clock_request(std::uint32_t id);
/// {"status":"warning","message":...}: only to cameras that declared `warnings`.
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
/// Capabilities "clock": how finely the camera stamps, and whether it answers about its clock.
struct ClockAbilities {
    TimeUnit unit = TimeUnit::ms;
    bool has_exchange = false;
    /// Of its answers, if they come from another clock than its stamps. At most kUncertaintyMaxUs.
    std::uint64_t uncertainty_us = 0;
    bool operator==(const ClockAbilities&) const = default;
};
struct Capabilities {
    std::string json;  ///< the message with its texts cleaned, one JSON object: what is kept
    std::string device_model;  ///< "" if not given
    ClockAbilities clock = {};
    std::optional<double> battery;  ///< 0 to 1
    bool is_paced = true;           ///< false: it sends faster or slower than it takes (a file)
    bool starts_at = false;         ///< understands startAt
    bool takes_warnings = false;
    bool resumes =
        false;  ///< keeps what was not acknowledged, and sends it after a lost connection
};
/// {"type":"resume"}: the camera goes on with a capture that a lost connection interrupted.
struct Resume {
    std::string capture;
    std::uint32_t from = 0;  ///< the first message that comes now
};
/// The answer to a clock request, in the clock and unit that stamp the pictures.
struct ClockReply {
    std::uint32_t id = 0;
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
};
/// {"type":"health"}: how the device is, in its own words, once a second. What it did not say is
/// absent.
struct Health {
    std::optional<double> battery;  ///< 0 to 1
    std::optional<bool> is_charging;
    std::optional<double> fps;  ///< pictures that its sensor gave in the last second
    std::optional<std::uint64_t> encoder_queue;  ///< pictures that wait to be encoded
    std::optional<std::uint64_t> unsent;         ///< pictures that wait for the network
    std::optional<std::uint64_t> unsent_bytes;
    std::optional<std::uint64_t> lost;  ///< pictures that never will come, of this capture
    std::optional<bool> is_awake;       ///< false: its screen may go dark, and the camera with it
    std::optional<bool> is_hidden;      ///< nobody sees the page, and browsers stop the camera
    bool operator==(const Health&) const = default;
};
struct Other {};  ///< anything else, JSON or not: noted, never acted on
using Message = std::variant<Other, Ready, CaptureStarted, CaptureStopped, CameraError,
                             Capabilities, ClockReply, Resume, Health>;

/// Texts come out cleaned (base/text.h). Never fails: what is not one of ours (not JSON, not an
/// object, too deep, a key twice, over kTextBytesMax) is Other.
Message decode_message(std::string_view text);

// ---- notes in a dump (docs/dump.md, "Notes") ------------------------------------------------

/// A two-way exchange that was answered, in microseconds: ours of CLOCK_MONOTONIC, the camera's of
/// the clock that stamps its pictures.
struct ExchangeNote {
    std::int64_t sent_us = 0;      ///< ours: the question
    std::int64_t received_us = 0;  ///< the camera's
    std::int64_t replied_us = 0;   ///< the camera's
    std::int64_t returned_us = 0;  ///< ours: the answer
    bool operator==(const ExchangeNote&) const = default;
};
/// A connection that was lost and resumed.
struct ResumedNote {
    std::uint64_t away_us = 0;
    std::uint64_t late = 0;  ///< messages that were taken meanwhile and came afterwards
    bool operator==(const ResumedNote&) const = default;
};
struct DumpNote {
    std::optional<Capabilities> capabilities;  ///< without Capabilities::json
    std::optional<ExchangeNote> exchange;
    std::optional<ResumedNote> resumed;
    bool has_jpegs = false;  ///< "codec":"mjpeg": each message is a JPEG picture
    std::string boot_id;     ///< of the first note: in which start of its machine it was made
};

std::string encode_note(const ExchangeNote& exchange);
std::string encode_note(const ResumedNote& resumed);
/// `capabilities`: the JSON object that the camera sent.
std::string encode_capabilities_note(const std::string& capabilities);
/// What a note says of the camera that made the dump; nothing if it says something else. The first
/// note is a session.json, whose "capabilities" count.
DumpNote decode_note(std::string_view note);

// ---- camera side (streamctl push) ------------------------------------------------------------

struct Start {
    StartParameters parameters;
    std::string capture;  ///< what the server calls it; "": this camera does not resume
};
struct Stop {};
struct ClockRequest {
    std::uint32_t id = 0;
};
/// The server has all of that capture up to there.
struct Received {
    std::string capture;
    std::uint32_t seq = 0;
};
using Command = std::variant<Start, Stop, ClockRequest, Received>;

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
    std::optional<ClockAbilities> clock = {};  ///< nullopt: the key is left out
    bool is_paced = true;
    bool starts_at = false;
    bool resumes = false;
};
std::string encode_capabilities(const CapabilitiesOffer& offer);
std::string encode_clock_reply(const ClockReply& reply);
std::string encode_resume(const Resume& resume);

}  // namespace st::camera
