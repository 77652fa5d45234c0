#pragma once
/// capture.start: begin recording on all cameras, or on those named. Pure: values and their JSON.
/// Spec: docs/http-api.md, "Start". POST /api/v1/capture/start.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/error.h"

namespace st::control {

constexpr std::size_t kCamerasMax = 10'000;  ///< names in one request
constexpr std::uint64_t kTimeoutMsMax = 86'400'000;
constexpr std::size_t kClientBytesMax = 128;  ///< of "client": who asks
constexpr std::size_t kOwnerBytesMax = 128;
constexpr std::uint32_t kSideMax = 16'384;            ///< pixels
constexpr std::uint64_t kBitrateMax = 1'000'000'000;  ///< bit/s
constexpr std::uint32_t kFpsMax = 1000;

struct Size {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    bool operator==(const Size&) const = default;
};

/// What a camera is asked to deliver; what is not given is the server's default or the camera's
/// choice.
struct StartParameters {
    std::optional<Size> resolution;            ///< pixels; excludes aspect
    std::optional<Size> aspect;                ///< W:H
    std::optional<std::uint64_t> bitrate_bps;  ///< 1 .. kBitrateMax
    std::optional<std::uint32_t> fps;          ///< 0 = unlimited .. kFpsMax
    /// Any of them was given: then a camera that already records with others is not ok.
    bool given() const { return resolution || aspect || bitrate_bps || fps; }
    bool operator==(const StartParameters&) const = default;
};

struct StartRequest {
    std::vector<std::string>
        cameras;  ///< names or patterns; empty = all. `"cameras":[]` is refused
    StartParameters parameters;
    std::optional<std::string> take;  ///< a name that groups the recordings
    bool join = false;    ///< a camera that records already is fine; nobody owns it by that
    bool append = false;  ///< `take` may be that of recordings which have all ended
    /// Nothing is started if one of the cameras records already (and `join` does not accept that).
    bool all_or_none = false;
    std::string owner;   ///< a text of the asker's choice, by which its stop means only this
    std::string client;  ///< "user@host" of who asks; empty: nobody said
    bool wait = true;    ///< until every camera answered
    std::chrono::milliseconds timeout{10'000};
    bool operator==(const StartRequest&) const = default;
};

/// `sent`: the request did not wait for the camera's answer.
enum class StartOutcome { started, already_recording, refused, timeout, disconnected, sent };
std::string_view to_text(StartOutcome outcome);

struct StartResult {
    std::string camera;
    StartOutcome outcome = StartOutcome::started;
    std::optional<std::string> session;  ///< the recording's id
    std::optional<std::string> error;    ///< why not, as a sentence
    // Of the recording that was under way (already_recording); on the wire only then.
    std::optional<std::string> take = {};
    std::optional<std::string> started_by = {};
    std::optional<std::string> started_at = {};  ///< RFC 3339
    bool operator==(const StartResult&) const = default;
};

struct StartReply {
    bool ok = true;
    std::vector<StartResult> results;
    bool operator==(const StartReply&) const = default;
};

/// An empty body is an empty request. Unknown fields, wrong types and ranges are errors by field.
Decoded<StartRequest> decode_start_request(std::string_view body);
std::string encode(const StartRequest& request);

Decoded<StartReply> decode_start_reply(std::string_view body);
std::string encode(const StartReply& reply);

}  // namespace st::control
