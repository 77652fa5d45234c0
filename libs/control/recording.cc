#include "control/recording.h"

#include "base/name.h"
#include "base/units.h"
#include "control/fields.h"
#include "control/list.h"

namespace st::control {

using json::Object;

namespace {

constexpr auto kFps = [](auto& way, auto& recording) { field(way, "fps", recording.fps); };
constexpr auto kPing = [](auto& way, auto& recording) { field(way, "ping_us", recording.ping_us); };
constexpr auto kFile = [](auto& way, auto& file) {
    required(way, "name", file.name);
    field(way, "kind", file.kind);
    field(way, "bytes", file.bytes);
    field(way, "duration_ms", file.duration_ms);
    field(way, "pictures", file.pictures);
};

constexpr auto kProgress = [](auto& way, auto& progress) {
    field(way, "done_bytes", progress.done_bytes);
    field(way, "total_bytes", progress.total_bytes);
};

}  // namespace

Decoded<Recording> decode_recording(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    Recording recording;
    std::string state;
    reader.require("id");
    reader.require("state");
    reader.read("id", recording.id);
    reader.read("camera", recording.camera);
    reader.read("take", recording.take);
    reader.read("part", recording.part);
    reader.read("started_by", recording.started_by);
    reader.read("state", state);
    reader.read("directory", recording.directory);
    reader.read("started_at", recording.started_at);
    reader.read("kept", recording.kept);
    reader.read("damage_count", recording.damage_count);
    reader.read("pictures", recording.pictures);
    reader.read("bytes", recording.bytes);
    reader.read("duration_ms", recording.duration_ms);
    reader.read("bitrate_bps", recording.bitrate_bps);
    reader.read("error", recording.error);
    reader.read("end_reason", recording.end_reason);
    reader.read("stopped_by", recording.stopped_by);
    // Of older recordings alone: null is the measured rate of one picture.
    if (object->find("fps") == nullptr) object_field(reader, "fps_estimate", recording, kFps);
    reader.read("fps", recording.fps);
    object_field(reader, "clock", recording, kPing);
    for (const Object* item : reader.objects("seq_gaps")) {
        std::uint64_t missing = 0;
        ObjectReader(*item).read("missing", missing);
        recording.seq_missing += missing;
    }
    // The list of gaps has an end, their sum has not; older recordings have the list alone.
    reader.read("seq_missing", recording.seq_missing);
    objects_field(reader, "files", recording.files, kFile);
    object_field(reader, "progress", recording.progress, kProgress);
    if (const auto known = recording_state_from(state))
        recording.state = *known;
    else
        reader.fail("state", "unknown value \"" + state.substr(0, 40) + "\"");
    if (reader.failed()) return reader.error();
    return recording;
}

std::string with_directory(std::string_view session_json, std::string_view directory) {
    Object object;
    object.set("directory", std::string(directory));
    const std::string field = json::write(object);
    const std::size_t open = session_json.find('{');
    const std::size_t first = session_json.find_first_not_of(" \t\r\n", open + 1);
    const bool empty = first == std::string_view::npos || session_json[first] == '}';
    return field.substr(0, field.size() - 1) + (empty ? "" : ",") +
           std::string(session_json.substr(open + 1));
}

Decoded<KeepRequest> decode_keep_request(std::string_view body) {
    const auto object = parse_request(body);
    if (!object) return object.error();
    ObjectReader reader(*object);
    KeepRequest request;
    reader.require("keep");
    reader.read("keep", request.keep);
    client_field(reader, request.client);
    reader.refuse_unknown("unknown field");
    if (reader.failed()) return reader.error();
    return request;
}

std::string with_figures(std::string_view session_json, const RecordingFigures& figures) {
    auto object = parse_object(session_json, kReply);
    if (!object) return std::string(session_json);
    object->set("messages", figures.messages);
    object->set("pictures", figures.pictures);
    object->set("bytes", figures.bytes);
    object->set("duration_ms", figures.duration_ms);
    object->set("seq_gap_count", figures.gaps);
    object->set("seq_missing", figures.missing);
    return json::write(*object);
}

std::string with_progress(std::string_view session_json, const FinalisingProgress& progress) {
    auto object = parse_object(session_json, kReply);
    if (!object) return std::string(session_json);
    object->set("progress", json::Object{{"done_bytes", progress.done_bytes},
                                         {"total_bytes", progress.total_bytes}});
    return json::write(*object);
}

Decoded<RecordingQuery> decode_recording_query(const QueryParameters& parameters) {
    const auto refuse = [](const std::string& field, const std::string& why) {
        return ApiError{ErrorCode::bad_request, field + ": " + why, field};
    };
    RecordingQuery query;
    for (const auto& [name, value] : parameters) {
        if (name == "camera" || name == "id") {
            const auto checked = name == "id" ? check_id_pattern(value) : check_pattern(value);
            if (!checked) return refuse(name, checked.error().message);
            (name == "id" ? query.id : query.camera) = value;
        } else if (name == "take") {
            const auto checked = check_pattern(value);
            if (!checked) return refuse(name, "expected the name of a take or a pattern");
            query.take = value;
        } else if (name == "since" || name == "until") {
            if (value.size() < 10 || value.size() > 40) return refuse(name, "not an RFC 3339 time");
            (name == "since" ? query.since : query.until) = value;
        } else if (name == "state") {
            query.state = recording_state_from(value);
            if (!query.state) return refuse(name, "expected recording, finalising, done or failed");
        } else if (name == "limit") {
            const auto limit = parse_number(value, kListLimitMax);
            if (!limit) return refuse(name, limit.error().message);
            if (*limit == 0) return refuse(name, "0 is outside 1 .. 10000");
            query.limit = *limit;
        } else if (name == "cursor") {
            if (value.size() > kCursorBytesMax) return refuse(name, "not one this server gave out");
            query.cursor = value;
        } else if (name != "token") {
            return refuse(name.substr(0, 64), "unknown parameter");
        }
    }
    return query;
}

QueryParameters encode(const RecordingQuery& query) {
    QueryParameters out;
    const auto add = [&](const char* name, const std::optional<std::string>& value) {
        if (value) out.emplace_back(name, *value);
    };
    add("id", query.id);
    add("camera", query.camera);
    add("take", query.take);
    add("since", query.since);
    add("until", query.until);
    if (query.state) out.emplace_back("state", std::string(to_text(*query.state)));
    if (query.limit != 0) out.emplace_back("limit", std::to_string(query.limit));
    add("cursor", query.cursor);
    return out;
}

}  // namespace st::control
