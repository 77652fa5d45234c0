#include "control/hook_status.h"

#include "control/fields.h"

namespace st::control {
namespace {

constexpr TextTable<HookState, 5> kStates = {{
    {HookState::idle, "idle"},
    {HookState::sending, "sending"},
    {HookState::waiting, "waiting"},
    {HookState::ended, "ended"},
    {HookState::broken, "broken"},
}};

constexpr auto kHook = [](auto& way, auto& status) {
    field(way, "id", status.id);
    required(way, "url", status.url);
    field(way, "format", status.format);
    field(way, "events", status.events);
    require(way, "state");
    word_field(way, "state", status.state, kStates);
    field(way, "queued", status.queued);
    field(way, "queued_bytes", status.queued_bytes);
    field(way, "oldest_at", status.oldest_at);
    field(way, "attempts", status.attempts);
    field(way, "next_at", status.next_at);
    field(way, "last_error", status.last_error);
    field(way, "journal_error", status.journal_error);
    field(way, "delivered", status.delivered);
    field(way, "dropped", status.dropped);
    field(way, "given_up", status.given_up);
    field(way, "failed", status.failed);
};

constexpr auto kFailed = [](auto& way, auto& failed) {
    required(way, "id", failed.id);
    field(way, "url", failed.url);
    field(way, "type", failed.type);
    field(way, "time", failed.time);
    field(way, "attempts", failed.attempts);
    field(way, "error", failed.error);
};

constexpr auto kTestRequest = [](auto& way, auto& request) {
    required(way, "url", request.url);
    client_field(way, request.client);
};

constexpr auto kTestReply = [](auto& way, auto& reply) {
    required(way, "ok", reply.ok);
    field(way, "status", reply.status);
    field(way, "error", reply.error);
    field(way, "took_ms", reply.took_ms);
};

}  // namespace

std::string_view to_text(HookState state) { return text_of(kStates, state); }

std::string encode(const HookStatus& status) { return write_fields(status, kHook); }

Decoded<HookStatus> decode_hook_status(std::string_view body) {
    return read_fields<HookStatus>(body, kHook);
}

std::string encode(const FailedHook& failed) { return write_fields(failed, kFailed); }

Decoded<FailedHook> decode_failed_hook(std::string_view body) {
    return read_fields<FailedHook>(body, kFailed);
}

Decoded<HookTestRequest> decode_hook_test_request(std::string_view body) {
    return read_request<HookTestRequest>(body, kTestRequest);
}

std::string encode(const HookTestRequest& request) { return write_fields(request, kTestRequest); }

std::string encode(const HookTestReply& reply) { return write_fields(reply, kTestReply); }

Decoded<HookTestReply> decode_hook_test_reply(std::string_view body) {
    return read_fields<HookTestReply>(body, kTestReply);
}

}  // namespace st::control
