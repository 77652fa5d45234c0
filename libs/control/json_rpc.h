#pragma once
/// JSON-RPC 2.0 messages: texts in, values out. Pure; any thread. Spec: docs/control.md,
/// jsonrpc.org/specification.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/error.h"

namespace st::control {

constexpr std::size_t kRpcBatchMax = 64;

struct RpcRequest {
    std::optional<std::string> id;  ///< its JSON text; none: a notification, never answered
    std::string method;
    std::string params;  ///< JSON text of an object, or ""
};

/// One entry of a message: a request, or the whole answer to what is not one.
struct RpcEntry {
    std::optional<RpcRequest> request;
    std::string refusal;  ///< the error answer, where there is no request
};

struct RpcMessage {
    bool is_batch = false;
    std::vector<RpcEntry> entries;  ///< one unless is_batch
};

/// Never fails: what cannot be read is an entry with a refusal (-32700, -32600).
RpcMessage decode_rpc(std::string_view text);

/// `result` is one JSON value.
std::string encode_rpc_result(const std::string& id, std::string_view result);
/// bad_request is -32602, every other code -32000; "data" carries ours: code, field.
std::string encode_rpc_error(const std::string& id, const ApiError& error);
/// -32601.
std::string encode_rpc_unknown_method(const std::string& id, std::string_view method);
/// A notification of ours; `params` is one JSON object.
std::string encode_rpc_notification(std::string_view method, std::string_view params);
/// The answer to a batch.
std::string encode_rpc_batch(const std::vector<std::string>& answers);

}  // namespace st::control
