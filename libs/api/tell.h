#pragma once
/// Tells of an event from any thread: it is added on the control loop. Private to libs/api.
#include <string>
#include <utility>

#include "api/event_log.h"
#include "api/parts.h"

namespace st::api {

inline void tell(const Parts& parts, std::string type, EventFields fields) {
    parts.control.post([&events = parts.events, what = std::move(type), told = std::move(fields)] {
        events.add(what, told);
    });
}

}  // namespace st::api
