#pragma once
/// Where a part of the server reports what happened; libs/api keeps it and tells its readers.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/log.h"

namespace st {

using EventValue = std::variant<std::string, std::uint64_t>;
/// Field name and value, in the order they are shown.
using EventFields = std::vector<std::pair<std::string, EventValue>>;

class EventSink {
 public:
    virtual ~EventSink() = default;
    /// `type`: one of control/event_types.h. The control loop's thread only.
    virtual void add(std::string_view type, const EventFields& fields,
                     LogLevel level = LogLevel::info) = 0;
};

}  // namespace st
