#include "control/start.h"

#include "base/name.h"
#include "control/fields.h"
#include "control/parameters.h"

namespace st::control {
namespace {

constexpr TextTable<StartOutcome, 6> kOutcomes = {{
    {StartOutcome::started, "started"},
    {StartOutcome::already_recording, "already_recording"},
    {StartOutcome::refused, "refused"},
    {StartOutcome::timeout, "timeout"},
    {StartOutcome::disconnected, "disconnected"},
    {StartOutcome::sent, "sent"},
}};

constexpr auto kRequestFields = [](auto& way, auto& request) {
    cameras_field(way, request.cameras);
    parameter_fields(way, request.parameters);
    rare_field(way, "take", request.take);
    rare_field(way, "join", request.join);
    rare_field(way, "append", request.append);
    rare_field(way, "all_or_none", request.all_or_none);
    rare_field(way, "owner", request.owner, kOwnerBytesMax);
    asking_fields(way, request);
};

constexpr auto kReplyFields = list_results([](auto& way, auto& result) {
    require(way, "outcome");
    word_field(way, "outcome", result.outcome, kOutcomes);
    field(way, "session", result.session);
    field(way, "error", result.error);
    rare_field(way, "take", result.take);
    rare_field(way, "started_by", result.started_by);
    rare_field(way, "started_at", result.started_at);
});

}  // namespace

std::string_view to_text(StartOutcome outcome) { return text_of(kOutcomes, outcome); }

Decoded<StartRequest> decode_start_request(std::string_view body) {
    auto request = read_request<StartRequest>(body, kRequestFields);
    if (request && request->take && !is_valid_name(*request->take)) {
        return ApiError{ErrorCode::bad_request,
                        "take: not a name (letters, digits, . _ -, at most 64)", "take"};
    }
    return request;
}

std::string encode(const StartRequest& request) { return write_fields(request, kRequestFields); }

Decoded<StartReply> decode_start_reply(std::string_view body) {
    return read_fields<StartReply>(body, kReplyFields);
}

std::string encode(const StartReply& reply) { return write_fields(reply, kReplyFields); }

}  // namespace st::control
