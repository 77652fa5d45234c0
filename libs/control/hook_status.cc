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

template <class Way, class Status>
void list_deliveries(Way& way, Status& status) {
    field(way, "queued", status.queued);
    field(way, "queued_bytes", status.queued_bytes);
    field(way, "oldest_at", status.oldest_at);
    field(way, "attempts", status.attempts);
    field(way, "next_at", status.next_at);
    field(way, "last_error", status.last_error);
    field(way, "delivered", status.delivered);
    field(way, "dropped", status.dropped);
    field(way, "failed", status.failed);
}

template <class Way, class Failure>
void list_failure(Way& way, Failure& failure) {
    field(way, "id", failure.id);
    field(way, "url", failure.url);
    field(way, "type", failure.type);
    field(way, "time", failure.time);
    field(way, "attempts", failure.attempts);
    field(way, "error", failure.error);
}

}  // namespace

std::string_view to_text(HookState state) { return text_of(kStates, state); }

std::string encode(const HookStatus& status) {
    Object object;
    object.set("url", status.url);
    object.set("format", status.format);
    object.set("events", to_array(status.events));
    object.set("state", std::string(to_text(status.state)));
    list_deliveries(object, status);
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
    list_deliveries(reader, status);
    if (reader.failed()) return reader.error();
    return status;
}

std::string encode(const FailedHook& failed) {
    Object object;
    list_failure(object, failed);
    return json::write(object);
}

Decoded<FailedHook> decode_failed_hook(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    FailedHook failed;
    reader.require("id");
    list_failure(reader, failed);
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
