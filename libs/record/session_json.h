#pragma once
/// session.json: what stands beside each recording, and its reading back. Pure. Private to
/// libs/record. Spec: docs/recording.md, "session.json".
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/value.h"
#include "mux/report.h"
#include "record/events.h"
#include "record/recordings.h"
#include "record/session.h"

namespace st::record {

constexpr std::size_t kSessionJsonBytesMax = std::size_t{4} << 20;
constexpr std::size_t kSessionJsonDepthMax = 24;  ///< what a camera said stands two levels down

/// The error of a recording that holds nothing to show; another try would find nothing either.
constexpr std::string_view kNoPicture = "no decodable picture";

/// The part of session.json that does not come from the muxer's report.
struct Meta {
    std::string id;
    std::string camera;
    std::string peer;
    std::string path;
    std::optional<std::string> take;
    RecordingState state = RecordingState::recording;
    std::optional<EndReason> end_reason;
    std::optional<CloseCode> close;
    std::optional<camera::StartParameters> start;
    std::string capabilities;  ///< JSON object text; "" = {}
    std::int64_t started_us = 0;
    std::string boot_id;  ///< of the start of the machine in which it was made; "": not known
    std::optional<std::int64_t> ended_us;
    DroppedCounts dropped;
    std::optional<std::int64_t> ping_us;  ///< least time a ping took there and back
    std::optional<std::string> error;
    std::string started_by;  ///< "user@host"; "" = nobody said
    std::string stopped_by;
    bool is_jpeg = false;
    bool kept = false;  ///< somebody asked that it is never deleted
    unsigned part = 1;  ///< 2, 3 ...: the camera dropped out and was started again
};

Meta meta_of(const SessionStart& start, const std::string& id);

/// Messages whose payload nobody understood, whether they were counted on the way in or in the
/// dump.
std::uint64_t unknown_form(const Meta& meta, const mux::Report& report);

/// What whoever looks at the recording must know, a sentence each: what was left out on the way in,
/// then what h264mux says of the same dump.
std::vector<std::string> warnings_of(const Meta& meta, const mux::Report& report);

/// One JSON object on one line. `report` may be null: its fields are then 0, null or empty.
std::string encode_session(const Meta& meta, const mux::Report* report);

/// session.json with other values for some of its keys. Error if it is not a session.json.
Result<std::string> with_values(std::string_view text, const json::Object& values);

/// What a camera said of itself, of a note in a dump or a session.json; nullopt: nothing.
std::optional<std::string> capabilities_in(std::string_view json);

/// Meta and the files listed. Error if it is not a session.json of version 1.
struct StoredSession {
    Meta meta;
    std::vector<ListedFile> files;
    std::optional<std::int64_t>
        first_picture_us;           ///< when the one shown first was taken, by what is known
    std::uint64_t duration_ms = 0;  ///< of its pictures; 0: not known
    bool has_mp4 = false;
};
Result<StoredSession> decode_session(std::string_view text);

}  // namespace st::record
