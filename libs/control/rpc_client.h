#pragma once
/// The client's side of JSON-RPC 2.0: requests out, answers and notifications in. Pure.
/// Spec: docs/control.md.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "control/error.h"

namespace st::control {

std::string encode_rpc_request(std::uint64_t id, std::string_view method, std::string_view params);

struct RpcAnswer {
    std::optional<std::uint64_t> id;  ///< none: it answers what could not be read
    std::string result;               ///< JSON text on one line; "" with an error
    std::optional<ApiError> error;
};

/// What happened at the server.
struct RpcEvent {
    std::uint64_t id = 0;
    std::string type;
    std::string time;     ///< RFC 3339
    std::string camera;   ///< "" if it has none
    std::string session;  ///< the same
    std::string json;     ///< all of it, on one line
};

/// The server left events out.
struct RpcEventsLost {
    std::uint64_t count = 0;
};

using RpcIncoming = std::variant<RpcAnswer, RpcEvent, RpcEventsLost>;

/// One message of the server; nullopt: a notification we do not know.
Result<std::optional<RpcIncoming>> decode_rpc_incoming(std::string_view text);

}  // namespace st::control
