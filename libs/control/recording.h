#pragma once
/// A recording as the API lists it: its session.json, plus the absolute directory. Pure.
/// Spec: docs/http-api.md, "Recordings". GET /api/v1/recordings[/ID].
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/error.h"
#include "control/stop.h"

namespace st::control {

struct RecordingFile {
    std::string name;
    std::string kind;  ///< mp4, dump, thumbnail, pictures, h264
    std::uint64_t bytes = 0;
    std::uint64_t duration_ms = 0;
    std::uint64_t pictures = 0;
    bool operator==(const RecordingFile&) const = default;
};

/// How far the MP4 of a recording that has ended is.
struct FinalisingProgress {
    std::uint64_t done_bytes = 0;   ///< of the dump
    std::uint64_t total_bytes = 0;  ///< 0: it waits for others
    bool operator==(const FinalisingProgress&) const = default;
};

/// What a client needs of session.json; the other fields pass by untouched.
struct Recording {
    std::string id;
    std::string camera;
    std::optional<std::string> take;
    unsigned part = 1;                      ///< of what one start began
    std::optional<std::string> started_by;  ///< "user@host"
    RecordingState state = RecordingState::recording;
    std::string directory;  ///< absolute; added by the server to what session.json says
    std::string started_at;
    bool kept = false;
    std::uint64_t pictures = 0;
    std::uint64_t bytes = 0;
    std::uint64_t duration_ms = 0;
    std::uint64_t bitrate_bps = 0;
    double fps = 0;  ///< the measured rate; of older recordings the estimate; 0: not known
    std::uint64_t seq_missing = 0;         ///< messages that never came
    std::uint64_t damage_count = 0;        ///< damaged places of the dump
    std::optional<std::uint64_t> ping_us;  ///< clock.ping_us: least time a ping took
    std::vector<RecordingFile> files;
    std::optional<std::string> error;
    std::optional<std::string> end_reason;  ///< null while it records
    std::optional<std::string> stopped_by;  ///< "user@host"
    std::optional<FinalisingProgress> progress;
    bool operator==(const Recording&) const = default;
};

/// What is counted of a recording while it is made.
struct RecordingFigures {
    std::uint64_t messages = 0;
    std::uint64_t pictures = 0;
    std::uint64_t bytes = 0;
    std::uint64_t duration_ms = 0;  ///< from the first to the latest arrival
    std::uint64_t gaps = 0;         ///< in the numbers of its messages
    std::uint64_t missing = 0;      ///< messages that did not come, in all gaps
};

/// `session_json` of a recording that is being made, with these figures instead of its own.
std::string with_figures(std::string_view session_json, const RecordingFigures& figures);
/// `session_json` of one that is being finalised, with how far that is.
std::string with_progress(std::string_view session_json, const FinalisingProgress& progress);

Decoded<Recording> decode_recording(std::string_view body);

/// `session_json` (one JSON object, as in session.json) with "directory" put behind its first
/// field.
std::string with_directory(std::string_view session_json, std::string_view directory);

/// The filters of GET /api/v1/recordings, as query parameters.
struct RecordingQuery {
    std::optional<std::string> id;      ///< id or pattern
    std::optional<std::string> camera;  ///< name or pattern
    std::optional<std::string> take;
    std::optional<std::string> since;  ///< RFC 3339, compared with started_at
    std::optional<std::string> until;
    std::optional<RecordingState> state;
    std::uint64_t limit = 0;  ///< 0: the default
    std::optional<std::string> cursor;
};

using QueryParameters =
    std::vector<std::pair<std::string, std::string>>;  ///< decoded names and values

/// {"keep":true,"client":"kim@desk"}: the body of PATCH /api/v1/recordings/ID.
struct KeepRequest {
    bool keep = false;
    std::string client;  ///< who asks; "" = not said
};

Decoded<KeepRequest> decode_keep_request(std::string_view body);

Decoded<RecordingQuery> decode_recording_query(const QueryParameters& parameters);
QueryParameters encode(const RecordingQuery& query);

}  // namespace st::control
