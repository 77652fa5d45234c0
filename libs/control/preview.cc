#include "control/preview.h"

#include "control/fields.h"
#include "control/parameters.h"

namespace st::control {
namespace {

constexpr TextTable<PreviewOutcome, 7> kOutcomes = {{
    {PreviewOutcome::previewing, "previewing"},
    {PreviewOutcome::recording, "recording"},
    {PreviewOutcome::stopped, "stopped"},
    {PreviewOutcome::refused, "refused"},
    {PreviewOutcome::timeout, "timeout"},
    {PreviewOutcome::disconnected, "disconnected"},
    {PreviewOutcome::sent, "sent"},
}};

constexpr auto kRequestFields = [](auto& way, auto& request) {
    cameras_field(way, request.cameras);
    parameter_fields(way, request.parameters);
    rare_field(way, "stop", request.stop);
    asking_fields(way, request);
};

constexpr auto kReplyFields = list_results([](auto& way, auto& result) {
    require(way, "outcome");
    word_field(way, "outcome", result.outcome, kOutcomes);
    field(way, "error", result.error);
});

}  // namespace

std::string_view to_text(PreviewOutcome outcome) { return text_of(kOutcomes, outcome); }

Decoded<PreviewRequest> decode_preview_request(std::string_view body) {
    return read_request<PreviewRequest>(body, kRequestFields);
}

std::string encode(const PreviewRequest& request) { return write_fields(request, kRequestFields); }

Decoded<PreviewReply> decode_preview_reply(std::string_view body) {
    return read_fields<PreviewReply>(body, kReplyFields);
}

std::string encode(const PreviewReply& reply) { return write_fields(reply, kReplyFields); }

}  // namespace st::control
