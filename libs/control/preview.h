#pragma once
/// capture.preview: let cameras stream without recording them, or end that. Pure: values and their
/// JSON. Spec: docs/http-api.md, "Preview". POST /api/v1/capture/preview.
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/error.h"
#include "control/start.h"

namespace st::control {

struct PreviewRequest {
    std::vector<std::string>
        cameras;  ///< names or patterns; empty = all. `"cameras":[]` is refused
    StartParameters parameters;
    bool stop = false;   ///< end it; recordings go on
    std::string client;  ///< "user@host" of who asks; empty: nobody said
    bool wait = true;    ///< until every camera streams
    std::chrono::milliseconds timeout{10'000};
    bool operator==(const PreviewRequest&) const = default;
};

/// `recording`: it records, or is about to, and can be watched by that. `sent`: the request did not
/// wait for the camera's answer.
enum class PreviewOutcome { previewing, recording, stopped, refused, timeout, disconnected, sent };
std::string_view to_text(PreviewOutcome outcome);

struct PreviewResult {
    std::string camera;
    PreviewOutcome outcome = PreviewOutcome::previewing;
    std::optional<std::string> error = {};  ///< why not
    bool operator==(const PreviewResult&) const = default;
};

struct PreviewReply {
    bool ok = true;
    std::vector<PreviewResult> results;
    bool operator==(const PreviewReply&) const = default;
};

/// An empty body is an empty request. Unknown fields, wrong types and ranges are errors by field.
Decoded<PreviewRequest> decode_preview_request(std::string_view body);
std::string encode(const PreviewRequest& request);

Decoded<PreviewReply> decode_preview_reply(std::string_view body);
std::string encode(const PreviewReply& reply);

}  // namespace st::control
