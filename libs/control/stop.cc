#include "control/stop.h"

#include "control/fields.h"

namespace st::control {
namespace {

constexpr TextTable<StopOutcome, 6> kOutcomes = {{
    {StopOutcome::stopped, "stopped"},
    {StopOutcome::not_recording, "not_recording"},
    {StopOutcome::timeout, "timeout"},
    {StopOutcome::failed, "failed"},
    {StopOutcome::sent, "sent"},
    {StopOutcome::joined, "joined"},
}};

constexpr TextTable<RecordingState, 4> kStates = {{
    {RecordingState::recording, "recording"},
    {RecordingState::finalising, "finalising"},
    {RecordingState::done, "done"},
    {RecordingState::failed, "failed"},
}};

constexpr auto kFile = [](auto& way, auto& file) {
    required(way, "path", file.path);
    field(way, "url", file.url);
    field(way, "bytes", file.bytes);
    field(way, "duration_ms", file.duration_ms);
    field(way, "pictures", file.pictures);
};

constexpr auto kPart = [](auto& way, auto& part) {
    required(way, "session", part.session);
    field(way, "part", part.part);
    word_field(way, "state", part.state, kStates);
    rare_field(way, "end_reason", part.end_reason);
};

constexpr auto kRequestFields = [](auto& way, auto& request) {
    cameras_field(way, request.cameras);
    rare_field(way, "owner", request.owner, kOwnerBytesMax);
    asking_fields(way, request);
};

constexpr auto kReplyFields = list_results([](auto& way, auto& result) {
    require(way, "outcome");
    word_field(way, "outcome", result.outcome, kOutcomes);
    field(way, "session", result.session);
    word_field(way, "state", result.state, kStates);
    objects_field(way, "files", result.files, kFile);
    rare_field(way, "error", result.error);
    rare_field(way, "seq_missing", result.seq_missing);
    rare_field(way, "damage_count", result.damage_count);
    rare_field(way, "undecodable", result.undecodable);
    rare_field(way, "lost_pictures", result.lost_pictures);
    rare_field(way, "warnings", result.warnings);
    rare_objects_field(way, "parts", result.parts, kPart);
});

}  // namespace

std::string_view to_text(StopOutcome outcome) { return text_of(kOutcomes, outcome); }

std::string_view to_text(RecordingState state) { return text_of(kStates, state); }

std::optional<RecordingState> recording_state_from(std::string_view text) {
    return value_of(kStates, text);
}

Decoded<StopRequest> decode_stop_request(std::string_view body) {
    return read_request<StopRequest>(body, kRequestFields);
}

std::string encode(const StopRequest& request) { return write_fields(request, kRequestFields); }

Decoded<StopReply> decode_stop_reply(std::string_view body) {
    return read_fields<StopReply>(body, kReplyFields);
}

std::string encode(const StopReply& reply) { return write_fields(reply, kReplyFields); }

}  // namespace st::control
