#pragma once
/// What happened, in order: to the log, and kept in a ring for GET /api/v1/events. Control loop
/// only.
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "control/list.h"

namespace st::server {

class EventLog {
 public:
    static constexpr std::size_t kKeptMax = 4096;
    /// Field name and value; values are JSON strings.
    using Fields = std::vector<std::pair<std::string, std::string>>;

    explicit EventLog(Log log) : log_(std::move(log)) {}

    /// `type` as in docs/http-api.md, "Events": camera.connected, session.failed, ...
    void add(std::string_view type, const Fields& fields, LogLevel level = LogLevel::info);
    /// Events with an id above `since`, oldest first, at most `limit`.
    control::List since(std::uint64_t since, std::size_t limit) const;

 private:
    struct Kept {
        std::uint64_t id;
        std::string json;
    };

    Log log_;
    std::uint64_t next_id_ = 1;
    std::deque<Kept> kept_;
};

}  // namespace st::server
