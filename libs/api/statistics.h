#pragma once
/// The answers of /api/statistics, as Node-Media-Server's fork gives them: {"success":true,"data",
/// "timestamp"} with times in milliseconds, texts for people where that one has texts. Pure.
/// docs/live.md, "The older server's statistics".
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hub/stream.h"
#include "json/value.h"

namespace st::api {

struct StatisticsInput {
    std::vector<hub::StreamStatus> streams;  ///< by path
    std::uint64_t uptime_ms = 0;
    std::int64_t now_us = 0;  ///< wall clock
    std::int64_t now_ns = 0;  ///< monotonic
};

struct StatisticsAnswer {
    int status = 200;
    std::string body;
};

/// `segments`: what stands behind /api/statistics.
StatisticsAnswer statistics_answer(std::span<const std::string> segments,
                                   const StatisticsInput& input);

/// The envelope. `now_us`: wall clock.
StatisticsAnswer statistics_success(json::Value data, std::int64_t now_us);
StatisticsAnswer statistics_failure(int status, const std::string& message);

/// "01:02:03", from a day on "1d 2h 3m".
std::string uptime_text(std::uint64_t ms);

}  // namespace st::api
