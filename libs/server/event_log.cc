#include "server/event_log.h"

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "control/json.h"

namespace st::server {
namespace {

constexpr std::array<std::string_view, 11> kTypes = {
    "camera.connected", "camera.ready",   "camera.started",      "camera.stopped",
    "camera.stalled",   "camera.text",    "camera.disconnected", "session.opened",
    "session.finished", "session.failed", "server.disk"};

bool matches(std::string_view pattern, std::string_view type) {
    if (pattern.ends_with('*')) return type.starts_with(pattern.substr(0, pattern.size() - 1));
    return pattern == type;
}

}  // namespace

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
    kept_.push_back({id, std::string(type), control::to_line(object)});
    for (const auto& [listener_id, listener] : listeners_) tell(listener, kept_.back());
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

EventLog::ListenerId EventLog::subscribe(Listener listener, std::optional<std::uint64_t> since) {
    if (since) {
        for (const Kept& event : kept_) {
            if (event.id > *since) tell(listener, event);
        }
    }
    const ListenerId id = next_listener_++;
    listeners_.emplace(id, std::move(listener));
    return id;
}

void EventLog::unsubscribe(ListenerId listener) { listeners_.erase(listener); }

void EventLog::tell(const Listener& listener, const Kept& event) {
    const bool wanted =
        listener.types.empty() ||
        std::any_of(listener.types.begin(), listener.types.end(),
                    [&](const std::string& pattern) { return matches(pattern, event.type); });
    if (wanted) listener.call(event.id, event.type, event.json);
}

bool is_event_type(std::string_view pattern) {
    return std::any_of(kTypes.begin(), kTypes.end(),
                       [&](std::string_view type) { return matches(pattern, type); });
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
