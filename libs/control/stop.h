#pragma once
/// capture.stop: end recordings and say where the files are. Pure: values and their JSON.
/// Spec: docs/http-api.md, "Stop". POST /api/v1/capture/stop.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/error.h"

namespace st::control {

struct StopRequest {
    std::vector<std::string>
        cameras;  ///< names or patterns; empty = all. `"cameras":[]` is refused
    /// Only what a start with this `owner` began; other cameras are left alone and answered
    /// not_recording. Empty: whatever they record.
    std::string owner = {};
    std::string client = {};                    ///< "user@host" of who asks; empty: nobody said
    bool wait = true;                           ///< until the files are finished
    std::chrono::milliseconds timeout{10'000};  ///< since the finaliser's last progress
    bool operator==(const StopRequest&) const = default;
};

/// `sent`: the request did not wait for the files. `joined`: of a client that stops only what it
/// started itself; no server says it.
enum class StopOutcome { stopped, not_recording, timeout, failed, sent, joined };
std::string_view to_text(StopOutcome outcome);

/// A recording's state, as in its session.json.
enum class RecordingState { recording, finalising, done, failed };
std::string_view to_text(RecordingState state);
std::optional<RecordingState> recording_state_from(std::string_view text);

/// One finished file of a session, with what a player would say of it.
struct SessionFile {
    std::string path;  ///< absolute, on the server
    std::string url;   ///< path part below the server: /api/v1/recordings/ID/files/NAME
    std::uint64_t bytes = 0;
    std::uint64_t duration_ms = 0;
    std::uint64_t pictures = 0;
    bool operator==(const SessionFile&) const = default;
};

/// One recording of several that belong together: the camera dropped out and was started again, or
/// a file was full.
struct SessionPart {
    std::string session;
    unsigned part = 1;
    RecordingState state = RecordingState::done;
    std::optional<std::string> end_reason = {};  ///< as in session.json; on the wire if it is known
    bool operator==(const SessionPart&) const = default;
};

struct StopResult {
    std::string camera;
    StopOutcome outcome = StopOutcome::stopped;
    std::optional<std::string> session;
    std::optional<RecordingState> state;
    std::vector<SessionFile> files;
    std::optional<std::string> error;  ///< on the wire only when there is one
    std::uint64_t seq_missing = 0;     ///< messages that never came; on the wire only if there are
    std::uint64_t damage_count = 0;    ///< as in session.json; likewise
    std::uint64_t undecodable = 0;     ///< messages that are not H.264 in a known form; likewise
    /// Pictures after the first key frame that nobody can decode; likewise.
    std::uint64_t lost_pictures = 0;
    std::vector<std::string> warnings = {};  ///< as in session.json; likewise
    /// All of them, if there was more than one; `files` has those of all. On the wire only then.
    std::vector<SessionPart> parts = {};
    bool operator==(const StopResult&) const = default;
};

struct StopReply {
    bool ok = true;
    std::vector<StopResult> results;
    bool operator==(const StopReply&) const = default;
};

/// An empty body is an empty request. Unknown fields, wrong types and ranges are errors by field.
Decoded<StopRequest> decode_stop_request(std::string_view body);
std::string encode(const StopRequest& request);

Decoded<StopReply> decode_stop_reply(std::string_view body);
std::string encode(const StopReply& reply);

}  // namespace st::control
