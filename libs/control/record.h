#pragma once
/// record.*: recording live streams in segments. Pure: values and their JSON.
/// Spec: docs/segments.md. POST, DELETE /api/v1/streams/APP/NAME/record; GET, DELETE
/// /api/v1/records; GET /api/v1/streams/APP/NAME/segments, GET, DELETE .../segments/FILE.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/error.h"

namespace st::control {

constexpr std::uint64_t kPrerollMsMax = 20'000;
constexpr std::uint64_t kSegmentMsMin = 1000;
constexpr std::uint64_t kSegmentMsMax = 7 * 24 * 3'600'000ULL;

/// What is not given is what the configuration says of the stream.
struct RecordRequest {
    std::optional<std::string> format;  ///< "mp4", "flv"
    std::optional<std::string> tracks;  ///< "all", "video", "audio"
    std::optional<std::uint64_t> segment_duration_ms;
    std::optional<std::uint64_t> preroll_ms;
    std::optional<std::uint64_t> max_duration_ms;  ///< 0: until it is stopped
    std::string client;                            ///< "user@host"; empty: nobody said
    bool operator==(const RecordRequest&) const = default;
};

struct RecordStatus {
    std::string stream;
    std::string state;  ///< "waiting", "recording", "full", "over"
    std::string format;
    std::string tracks;
    std::uint64_t segment_duration_ms = 0;
    std::uint64_t preroll_ms = 0;
    std::uint64_t max_duration_ms = 0;
    std::string started_by;
    std::string started_at;  ///< RFC 3339
    std::string file;        ///< the newest segment, from the recordings folder on; "": none yet
    std::uint64_t segments = 0;
    std::uint64_t pictures = 0;
    std::uint64_t sounds = 0;
    std::uint64_t bytes = 0;
    std::uint64_t duration_ms = 0;
    std::uint64_t dropped = 0;
    std::optional<std::string> problem;  ///< of the disk, or what of the stream is left out
    bool operator==(const RecordStatus&) const = default;
};

/// A segment that lies on the disk.
struct StoredSegment {
    std::string name;   ///< of the file, without folders
    std::string file;   ///< from the recordings folder on, as RecordStatus has it
    std::string url;    ///< path of its bytes
    std::string start;  ///< RFC 3339 with microseconds, what it shows first; `end` likewise
    std::string end;
    std::uint64_t duration_ms = 0;
    std::uint64_t bytes = 0;
    bool is_open = false;  ///< it is being written, and grows
    bool kept = false;
    bool operator==(const StoredSegment&) const = default;
};

/// Unknown fields, wrong types and words are errors by field.
Decoded<RecordRequest> decode_record_request(std::string_view body);
/// `stream`: "/app/name", for JSON-RPC.
std::string encode(const RecordRequest& request, const std::string& stream);
std::string encode(const RecordStatus& status);
Decoded<RecordStatus> decode_record_status(std::string_view body);

std::string encode(const StoredSegment& segment);
Decoded<StoredSegment> decode_stored_segment(std::string_view body);

/// {"ok":true,"streams":[...]}: what record.stop_all answers.
std::string encode_stopped(const std::vector<std::string>& streams);
Decoded<std::vector<std::string>> decode_stopped(std::string_view body);

}  // namespace st::control
