#include "control/json_rpc.h"

#include "base/text.h"
#include "control/json.h"
#include "json/write.h"

namespace st::control {
namespace {

constexpr int kParseError = -32700;
constexpr int kInvalidRequest = -32600;
constexpr int kMethodNotFound = -32601;
constexpr int kInvalidParams = -32602;
constexpr int kRefused = -32000;

std::string error_text(const std::string& id, int code, std::string_view message,
                       const json::Object* data = nullptr) {
    json::Object error;
    error.set("code", code);
    error.set("message", clean_text(message, kErrorBytesMax));
    if (data != nullptr) error.set("data", *data);
    return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"error\":" + json::write(error) + "}";
}

RpcEntry refuse(int code, std::string_view message, const std::string& id = "null") {
    return {std::nullopt, error_text(id, code, message)};
}

/// "null" if it has none that can be repeated.
std::string id_of(const json::Object& object) {
    const json::Value& id = object["id"];
    const bool is_whole = id.number() != nullptr && id.number()->is_whole();
    return id.text() != nullptr || is_whole ? json::write(id) : "null";
}

RpcEntry read_entry(const json::Value& value) {
    if (value.object() == nullptr) return refuse(kInvalidRequest, "a request is an object");
    const json::Object& object = *value.object();
    const std::string id = id_of(object);
    if (object["jsonrpc"] != json::Value("2.0")) {
        return refuse(kInvalidRequest, "jsonrpc: expected \"2.0\"", id);
    }
    const std::string* const method = object["method"].text();
    if (method == nullptr) return refuse(kInvalidRequest, "method: expected text", id);
    if (id == "null" && !object["id"].is_null()) {
        return refuse(kInvalidRequest, "id: expected text or a whole number");
    }
    RpcRequest request;
    if (object.find("id") != nullptr) request.id = id;
    request.method = *method;
    const json::Value& params = object["params"];
    if (!params.is_null()) {
        if (params.object() == nullptr) {
            return refuse(kInvalidParams, "params: expected an object of names and values", id);
        }
        request.params = json::write(params);
    }
    return {std::move(request), {}};
}

}  // namespace

RpcMessage decode_rpc(std::string_view text) {
    RpcMessage message;
    const auto parsed = parse_json(text);
    if (!parsed) {
        message.entries.push_back(refuse(kParseError, parsed.error().message));
        return message;
    }
    const json::Array* const batch = parsed->array();
    if (batch == nullptr) {
        message.entries.push_back(read_entry(*parsed));
        return message;
    }
    if (batch->empty() || batch->size() > kRpcBatchMax) {
        message.entries.push_back(refuse(kInvalidRequest, "a batch has 1 to 64 requests"));
        return message;
    }
    message.is_batch = true;
    for (const json::Value& entry : *batch) message.entries.push_back(read_entry(entry));
    return message;
}

std::string encode_rpc_result(const std::string& id, std::string_view result) {
    return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":" + std::string(result) + "}";
}

std::string encode_rpc_error(const std::string& id, const ApiError& error) {
    json::Object data;
    data.set("code", to_text(error.code));
    data.set("field", error.field ? json::Value(shown(*error.field)) : json::Value());
    const int code = error.code == ErrorCode::bad_request ? kInvalidParams : kRefused;
    return error_text(id, code, error.message, &data);
}

std::string encode_rpc_unknown_method(const std::string& id, std::string_view method) {
    return error_text(id, kMethodNotFound, "no method \"" + clean_text(method, 64) + "\"");
}

std::string encode_rpc_notification(std::string_view method, std::string_view params) {
    return "{\"jsonrpc\":\"2.0\",\"method\":\"" + std::string(method) +
           "\",\"params\":" + std::string(params) + "}";
}

std::string encode_rpc_batch(const std::vector<std::string>& answers) {
    std::string text = "[";
    for (const std::string& answer : answers) text += (text.size() > 1 ? "," : "") + answer;
    return text + "]";
}

}  // namespace st::control
