#pragma once
/// The client's side of JSON-RPC 2.0: requests out, answers and notifications in. Pure.
/// Spec: docs/control.md.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "control/error.h"

namespace st::streamctl {

std::string encode_request(std::uint64_t id, std::string_view method, std::string_view params);

struct Answer {
    std::optional<std::uint64_t> id;  ///< none: it answers what could not be read
    std::string result;               ///< JSON text as it came; "" with an error
    std::optional<control::ApiError> error;
};

/// What happened at the server.
struct Event {
    std::uint64_t id = 0;
    std::string type;
    std::string time;     ///< RFC 3339
    std::string camera;   ///< "" if it has none
    std::string session;  ///< the same
    std::string json;     ///< all of it, as it came, on one line
};

/// The server left events out.
struct EventsLost {
    std::uint64_t count = 0;
};

using Incoming = std::variant<Answer, Event, EventsLost>;

/// One message of the server; nullopt: a notification we do not know.
Result<std::optional<Incoming>> decode_incoming(std::string_view text);

/// The text of a member of the outermost object, as it stands there; "" if there is none.
std::string_view raw_member(std::string_view object, std::string_view name);

/// One event, as the server notifies it.
Result<Event> decode_event(std::string_view json);

}  // namespace st::streamctl
