#include "control/stop.h"

#include "control/fields.h"

namespace st::control {
namespace {

using json::Object;

constexpr TextTable<StopOutcome, 6> kOutcomes = {{
    {StopOutcome::stopped, "stopped"},
    {StopOutcome::not_recording, "not_recording"},
    {StopOutcome::timeout, "timeout"},
    {StopOutcome::failed, "failed"},
    {StopOutcome::sent, "sent"},
    {StopOutcome::joined, "joined"},
}};

constexpr TextTable<SessionState, 4> kStates = {{
    {SessionState::recording, "recording"},
    {SessionState::finalising, "finalising"},
    {SessionState::done, "done"},
    {SessionState::failed, "failed"},
}};

Object to_object(const SessionFile& file) {
    Object object;
    object.set("path", file.path);
    object.set("url", file.url);
    object.set("bytes", file.bytes);
    object.set("duration_ms", file.duration_ms);
    object.set("pictures", file.pictures);
    return object;
}

json::Array to_array(const std::vector<SessionPart>& parts) {
    json::Array list;
    for (const SessionPart& part : parts) {
        Object object;
        object.set("session", part.session);
        object.set("part", part.part);
        object.set("state", std::string(to_text(part.state)));
        if (part.end_reason) object.set("end_reason", part.end_reason);
        list.push_back(object);
    }
    return list;
}

void read_parts(ObjectReader& fields, std::vector<SessionPart>& out) {
    for (const Object* item : fields.objects("parts")) {
        ObjectReader reader(*item, fields.path("parts[" + std::to_string(out.size()) + "]"));
        SessionPart part;
        reader.require("session");
        reader.read("session", part.session);
        reader.read("part", part.part);
        read_enum(reader, "state", kStates, part.state);
        reader.read("end_reason", part.end_reason);
        if (reader.failed()) return fields.fail(reader.error());
        out.push_back(std::move(part));
    }
}

void read_files(ObjectReader& fields, std::vector<SessionFile>& out) {
    for (const Object* item : fields.objects("files")) {
        ObjectReader reader(*item, fields.path("files[" + std::to_string(out.size()) + "]"));
        SessionFile file;
        reader.require("path");
        reader.read("path", file.path);
        reader.read("url", file.url);
        reader.read("bytes", file.bytes);
        reader.read("duration_ms", file.duration_ms);
        reader.read("pictures", file.pictures);
        if (reader.failed()) return fields.fail(reader.error());
        out.push_back(std::move(file));
    }
}

}  // namespace

std::string_view to_text(StopOutcome outcome) { return text_of(kOutcomes, outcome); }

std::string_view to_text(SessionState state) { return text_of(kStates, state); }

std::optional<SessionState> session_state_from(std::string_view text) {
    return value_of(kStates, text);
}

Decoded<StopRequest> decode_stop_request(std::string_view body) {
    const auto object = parse_request(body);
    if (!object) return object.error();
    ObjectReader reader(*object);
    StopRequest request;
    read_cameras(reader, request.cameras);
    reader.read("owner", request.owner, kOwnerBytesMax);
    read_asking(reader, request);
    reader.refuse_unknown();
    if (reader.failed()) return reader.error();
    return request;
}

std::string encode(const StopRequest& request) {
    Object object;
    if (!request.cameras.empty()) object.set("cameras", to_array(request.cameras));
    if (!request.owner.empty()) object.set("owner", request.owner);
    set_asking(object, request);
    return json::write(object);
}

Decoded<StopReply> decode_stop_reply(std::string_view body) {
    return decode_results<StopReply>(body, [](ObjectReader& fields, StopResult& result) {
        fields.read("session", result.session);
        read_enum(fields, "outcome", kOutcomes, result.outcome);
        if (fields.has("state")) {
            SessionState state{};
            read_enum(fields, "state", kStates, state);
            result.state = state;
        }
        read_files(fields, result.files);
        fields.read("error", result.error);
        fields.read("seq_missing", result.seq_missing);
        fields.read("damage_count", result.damage_count);
        fields.read("undecodable", result.undecodable);
        fields.read("warnings", result.warnings);
        read_parts(fields, result.parts);
    });
}

std::string encode(const StopReply& reply) {
    json::Array results;
    for (const StopResult& result : reply.results) {
        json::Array files;
        for (const SessionFile& file : result.files) files.push_back(to_object(file));
        Object object;
        object.set("camera", result.camera);
        object.set("outcome", std::string(to_text(result.outcome)));
        object.set("session", result.session);
        object.set("state", result.state ? json::Value(to_text(*result.state)) : json::Value());
        object.set("files", files);
        if (result.error) object.set("error", *result.error);
        if (result.seq_missing > 0) object.set("seq_missing", result.seq_missing);
        if (result.damage_count > 0) object.set("damage_count", result.damage_count);
        if (result.undecodable > 0) object.set("undecodable", result.undecodable);
        if (!result.warnings.empty()) {
            json::Array warnings;
            for (const std::string& warning : result.warnings) warnings.emplace_back(warning);
            object.set("warnings", warnings);
        }
        if (!result.parts.empty()) object.set("parts", to_array(result.parts));
        results.push_back(object);
    }
    return encode_results(reply.ok, results);
}

}  // namespace st::control
