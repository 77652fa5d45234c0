#include "api/event_log.h"

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"
#include "control/event_types.h"
#include "control/json.h"
#include "json/write.h"

namespace st::api {
namespace {

constexpr std::size_t kFieldBytesMax = 4096;

}  // namespace

void EventLog::add(std::string_view type, const EventFields& fields, LogLevel level) {
    const std::uint64_t id = next_id_++;
    json::Object object;
    object.set("id", id);
    object.set("time", rfc3339(wall_us()));
    object.set("type", std::string(type));
    std::string line(type);
    Log log = log_.with_field("event", type);
    for (const auto& [name, value] : fields) {
        line += " " + name + "=";
        if (const auto* text = std::get_if<std::string>(&value)) {
            // Words of peers are cleaned where they come in; this is the second line of defence.
            const std::string clean = clean_text(*text, kFieldBytesMax);
            object.set(name, clean);
            line += clean;
            log = log.with_field(name, clean);
        } else {
            const std::uint64_t number = std::get<std::uint64_t>(value);
            object.set(name, number);
            line += std::to_string(number);
        }
    }
    kept_.push_back({id, std::string(type), json::write(object)});
    for (const auto& [listener_id, listener] : listeners_) tell(listener, kept_.back());
    if (kept_.size() > kKeptMax) kept_.pop_front();
    switch (level) {
        case LogLevel::debug:
            return log.debug(line);
        case LogLevel::info:
            return log.info(line);
        case LogLevel::warning:
            return log.warning(line);
        case LogLevel::error:
            return log.error(line);
    }
}

EventLog::ListenerId EventLog::subscribe(Listener listener, std::optional<std::uint64_t> since) {
    if (since) {
        for (const Kept& event : kept_) {
            if (event.id > known(*since)) tell(listener, event);
        }
    }
    const ListenerId id = next_listener_++;
    listeners_.emplace(id, std::move(listener));
    return id;
}

/// One that has not been yet is of an earlier start whose clock was ahead: all of this is new.
std::uint64_t EventLog::known(std::uint64_t id) const { return id > last_id() ? 0 : id; }

void EventLog::unsubscribe(ListenerId listener) { listeners_.erase(listener); }

void EventLog::tell(const Listener& listener, const Kept& event) {
    const bool wanted =
        listener.types.empty() ||
        std::any_of(listener.types.begin(), listener.types.end(), [&](const std::string& pattern) {
            return control::matches_event(pattern, event.type);
        });
    if (wanted) listener.call(event.id, event.type, event.json);
}

control::List EventLog::since(std::uint64_t since, std::size_t limit) const {
    since = known(since);
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

}  // namespace st::api
