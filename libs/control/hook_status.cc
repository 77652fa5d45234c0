#include "control/hook_status.h"

#include "control/fields.h"

namespace st::control {
namespace {

using json::Object;

constexpr TextTable<HookState, 5> kStates = {{
    {HookState::idle, "idle"},
    {HookState::sending, "sending"},
    {HookState::waiting, "waiting"},
    {HookState::ended, "ended"},
    {HookState::broken, "broken"},
}};

}  // namespace

std::string_view to_text(HookState state) { return text_of(kStates, state); }

std::string encode(const HookStatus& status) {
    Object object;
    object.set("url", status.url);
    object.set("format", status.format);
    object.set("events", to_array(status.events));
    object.set("state", std::string(to_text(status.state)));
    object.set("queued", status.queued);
    object.set("queued_bytes", status.queued_bytes);
    object.set("oldest_at", status.oldest_at);
    object.set("attempts", status.attempts);
    object.set("next_at", status.next_at);
    object.set("last_error", status.last_error);
    object.set("delivered", status.delivered);
    object.set("dropped", status.dropped);
    object.set("failed", status.failed);
    return json::write(object);
}

Decoded<HookStatus> decode_hook_status(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    HookStatus status;
    reader.require("url");
    reader.require("state");
    reader.read("url", status.url);
    reader.read("format", status.format);
    reader.read("events", status.events);
    read_enum(reader, "state", kStates, status.state);
    reader.read("queued", status.queued);
    reader.read("queued_bytes", status.queued_bytes);
    reader.read("oldest_at", status.oldest_at);
    reader.read("attempts", status.attempts);
    reader.read("next_at", status.next_at);
    reader.read("last_error", status.last_error);
    reader.read("delivered", status.delivered);
    reader.read("dropped", status.dropped);
    reader.read("failed", status.failed);
    if (reader.failed()) return reader.error();
    return status;
}

std::string encode(const FailedHook& failed) {
    Object object;
    object.set("id", failed.id);
    object.set("url", failed.url);
    object.set("type", failed.type);
    object.set("time", failed.time);
    object.set("attempts", failed.attempts);
    object.set("error", failed.error);
    return json::write(object);
}

Decoded<FailedHook> decode_failed_hook(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    FailedHook failed;
    reader.require("id");
    reader.read("id", failed.id);
    reader.read("url", failed.url);
    reader.read("type", failed.type);
    reader.read("time", failed.time);
    reader.read("attempts", failed.attempts);
    reader.read("error", failed.error);
    if (reader.failed()) return reader.error();
    return failed;
}

Decoded<HookTestRequest> decode_hook_test_request(std::string_view body) {
    const auto object = parse_request(body);
    if (!object) return object.error();
    ObjectReader reader(*object);
    HookTestRequest request;
    reader.require("url");
    reader.read("url", request.url);
    reader.refuse_unknown();
    if (reader.failed()) return reader.error();
    return request;
}

std::string encode(const HookTestRequest& request) {
    Object object;
    object.set("url", request.url);
    return json::write(object);
}

std::string encode(const HookTestReply& reply) {
    Object object;
    object.set("ok", reply.ok);
    object.set("status", reply.status);
    object.set("error", reply.error);
    object.set("took_ms", reply.took_ms);
    return json::write(object);
}

Decoded<HookTestReply> decode_hook_test_reply(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    HookTestReply reply;
    reader.require("ok");
    reader.read("ok", reply.ok);
    reader.read("status", reply.status);
    reader.read("error", reply.error);
    reader.read("took_ms", reply.took_ms);
    if (reader.failed()) return reader.error();
    return reply;
}

}  // namespace st::control
