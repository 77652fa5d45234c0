#include "control/rpc_client.h"

#include "control/json.h"
#include "json/write.h"

namespace st::control {
namespace {

/// The error object of JSON-RPC: our own code and field stand in its data.
ApiError error_of(const json::Object& object) {
    const json::Value* const data = object.find("data");
    const json::Object none;
    const json::Object& details = data != nullptr && data->object() ? *data->object() : none;
    json::Object inner;
    inner.set("code", details["code"].text_or_empty());
    inner.set("message", object["message"]);
    inner.set("field", details["field"]);
    json::Object outer;
    outer.set("error", inner);
    return decode_error(json::write(outer), http_status(ErrorCode::bad_request));
}

Result<RpcEvent> event_of(const json::Object& object) {
    ObjectReader reader(object);
    RpcEvent event;
    reader.require("id");
    reader.require("type");
    reader.read("id", event.id);
    reader.read("type", event.type);
    reader.read("time", event.time);
    reader.read("camera", event.camera);
    reader.read("session", event.session);
    if (reader.failed()) return Error{reader.error().message};
    event.json = json::write(object);
    return event;
}

}  // namespace

std::string encode_rpc_request(std::uint64_t id, std::string_view method, std::string_view params) {
    std::string text = "{\"jsonrpc\":\"2.0\",\"id\":" + std::to_string(id) + ",\"method\":\"" +
                       std::string(method) + "\"";
    if (!params.empty()) text += ",\"params\":" + std::string(params);
    return text + "}";
}

Result<std::optional<RpcIncoming>> decode_rpc_incoming(std::string_view text) {
    const auto object = parse_object(text, kReply);
    if (!object) return Error{object.error().message};
    const json::Object none;
    const json::Value& params = (*object)["params"];
    const std::string method = (*object)["method"].text_or_empty();
    if (method == "event") {
        auto event = event_of(params.object() != nullptr ? *params.object() : none);
        if (!event) return event.error();
        return std::optional<RpcIncoming>(std::move(*event));
    }
    if (method == "events.lost") {
        const auto count = params.object() != nullptr ? (*params.object())["count"].natural()
                                                      : std::optional<std::uint64_t>();
        return std::optional<RpcIncoming>(RpcEventsLost{count.value_or(0)});
    }
    if (!method.empty()) return std::optional<RpcIncoming>();
    RpcAnswer answer;
    answer.id = (*object)["id"].natural();
    const json::Value& error = (*object)["error"];
    if (!error.is_null()) {
        answer.error = error_of(error.object() != nullptr ? *error.object() : none);
    } else if (const json::Value* const result = object->find("result")) {
        answer.result = json::write(*result);
    } else {
        return Error{"a message without method, result and error"};
    }
    return std::optional<RpcIncoming>(std::move(answer));
}

}  // namespace st::control
