#include "server/event_log.h"

#include "base/clock.h"
#include "control/json.h"

namespace st::server {

void EventLog::add(std::string_view type, const Fields& fields, LogLevel level) {
    const std::uint64_t id = next_id_++;
    auto object = control::ordered_object();
    object.set("id", id);
    object.set("time", rfc3339(wall_us()));
    object.set("type", std::string(type));
    std::string line(type);
    for (const auto& [name, value] : fields) {
        object.set(name, value);
        line += " " + name + "=" + value;
    }
    kept_.push_back({id, control::to_line(object)});
    if (kept_.size() > kKeptMax) kept_.pop_front();
    switch (level) {
        case LogLevel::debug:
            return log_.debug(line);
        case LogLevel::info:
            return log_.info(line);
        case LogLevel::warning:
            return log_.warning(line);
        case LogLevel::error:
            return log_.error(line);
    }
}

control::List EventLog::since(std::uint64_t since, std::size_t limit) const {
    control::List list;
    std::uint64_t last = since;
    for (const Kept& event : kept_) {
        if (event.id <= since) continue;
        if (list.items.size() == limit) {
            list.next = std::to_string(last);
            break;
        }
        list.items.push_back(event.json);
        last = event.id;
    }
    return list;
}

}  // namespace st::server
