#pragma once
/// What happened, in order: to the log, to listeners, and kept in a ring for GET /api/v1/events.
/// Control loop only.
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_sink.h"
#include "base/log.h"
#include "control/list.h"

namespace st::api {

class EventLog final : public EventSink {
 public:
    static constexpr std::size_t kKeptMax = 4096;
    /// `last_id`: below it are those of earlier starts. Programs that ask what came after the last
    /// one they saw must not take events of this start for old ones.
    explicit EventLog(Log log, std::uint64_t last_id = 0)
        : log_(std::move(log)), next_id_(last_id + 1) {}

    void add(std::string_view type, const EventFields& fields,
             LogLevel level = LogLevel::info) override;
    /// Called on the control loop for every event that passes; must not block or call back.
    struct Listener {
        std::vector<std::string> types;  ///< "camera.started", "session.*"; empty: all
        std::function<void(std::uint64_t id, const std::string& type, const std::string& json)>
            call;
    };
    using ListenerId = std::uint64_t;

    /// First what is kept of the events after `since` (nullopt: nothing), then every new one.
    ListenerId subscribe(Listener listener, std::optional<std::uint64_t> since);
    void unsubscribe(ListenerId listener);
    std::uint64_t last_id() const { return next_id_ - 1; }

    /// Events with an id above `since`, oldest first, at most `limit`.
    control::List since(std::uint64_t since, std::size_t limit) const;

 private:
    struct Kept {
        std::uint64_t id;
        std::string type;
        std::string json;
    };

    std::uint64_t known(std::uint64_t id) const;
    static void tell(const Listener& listener, const Kept& event);

    Log log_;
    std::uint64_t next_id_;
    std::deque<Kept> kept_;
    ListenerId next_listener_ = 1;
    std::map<ListenerId, Listener> listeners_;
};

}  // namespace st::api
