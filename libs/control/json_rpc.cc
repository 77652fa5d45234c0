#include "control/json_rpc.h"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Stringifier.h>

#include <sstream>

#include "base/utf8.h"
#include "control/json.h"
#include "control/rpc_client.h"

namespace st::control {
namespace {

using Poco::Dynamic::Var;

constexpr int kParseError = -32700;
constexpr int kInvalidRequest = -32600;
constexpr int kMethodNotFound = -32601;
constexpr int kInvalidParams = -32602;
constexpr int kRefused = -32000;

std::string to_text(const Var& value) {
    std::ostringstream out;
    Poco::JSON::Stringifier::condense(value, out);
    return out.str();
}

std::string error_text(const std::string& id, int code, std::string_view message,
                       const Poco::JSON::Object* data = nullptr) {
    auto error = ordered_object();
    error.set("code", code);
    error.set("message", as_utf8(std::string(message)));
    if (data != nullptr) error.set("data", *data);
    return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"error\":" + to_line(error) + "}";
}

RpcEntry refuse(int code, std::string_view message, const std::string& id = "null") {
    return {std::nullopt, error_text(id, code, message)};
}

/// "null" if it has none that can be repeated. `text` is the whole request.
std::string id_of(const Poco::JSON::Object& object, std::string_view text) {
    const Var id = object.get("id");
    if (id.isString() || (id.isInteger() && !id.isBoolean())) return to_text(id);
    // One of more than 18 digits is no integer here, but can be repeated as it stands.
    const std::string_view raw = raw_member(text, "id");
    const bool is_whole = id.isNumeric() && !id.isBoolean() &&
                          raw.find_first_not_of("-0123456789") == std::string_view::npos;
    return is_whole && !raw.empty() ? std::string(raw) : "null";
}

RpcEntry read_entry(const Var& value, std::string_view text) {
    if (value.type() != typeid(Poco::JSON::Object::Ptr)) {
        return refuse(kInvalidRequest, "a request is an object");
    }
    const auto& object = *value.extract<Poco::JSON::Object::Ptr>();
    const std::string id = id_of(object, text);
    const Var version = object.get("jsonrpc");
    if (!version.isString() || version.convert<std::string>() != "2.0") {
        return refuse(kInvalidRequest, "jsonrpc: expected \"2.0\"", id);
    }
    const Var method = object.get("method");
    if (!method.isString()) return refuse(kInvalidRequest, "method: expected text", id);
    if (object.has("id") && id == "null" && !object.isNull("id")) {
        return refuse(kInvalidRequest, "id: expected text or a whole number");
    }
    RpcRequest request;
    if (object.has("id")) request.id = id;
    request.method = method.convert<std::string>();
    if (object.has("params") && !object.isNull("params")) {
        const Var params = object.get("params");
        if (params.type() != typeid(Poco::JSON::Object::Ptr)) {
            return refuse(kInvalidParams, "params: expected an object of names and values", id);
        }
        request.params = to_text(params);
    }
    return {std::move(request), {}};
}

}  // namespace

RpcMessage decode_rpc(std::string_view text) {
    RpcMessage message;
    const auto parsed = parse_json(text, kRequestBytesMax, LongNumbers::as_reals);
    if (!parsed) {
        message.entries.push_back(refuse(kParseError, parsed.error().message));
        return message;
    }
    if (parsed->type() != typeid(Poco::JSON::Array::Ptr)) {
        message.entries.push_back(read_entry(*parsed, text));
        return message;
    }
    const auto& batch = *parsed->extract<Poco::JSON::Array::Ptr>();
    if (batch.size() == 0 || batch.size() > kRpcBatchMax) {
        message.entries.push_back(refuse(kInvalidRequest, "a batch has 1 to 64 requests"));
        return message;
    }
    message.is_batch = true;
    auto texts = raw_items(text);
    texts.resize(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
        message.entries.push_back(read_entry(batch.get(static_cast<unsigned>(i)), texts[i]));
    }
    return message;
}

std::string encode_rpc_result(const std::string& id, std::string_view result) {
    return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":" + std::string(result) + "}";
}

std::string encode_rpc_error(const std::string& id, const ApiError& error) {
    auto data = ordered_object();
    data.set("code", std::string(to_text(error.code)));
    data.set("field", error.field ? Var(as_utf8(*error.field)) : Var());
    const int code = error.code == ErrorCode::bad_request ? kInvalidParams : kRefused;
    return error_text(id, code, error.message, &data);
}

std::string encode_rpc_unknown_method(const std::string& id, std::string_view method) {
    return error_text(id, kMethodNotFound,
                      "no method \"" + std::string(utf8_prefix(method, 64)) + "\"");
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
