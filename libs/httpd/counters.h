#pragma once
/// What connections are counted by. Any thread.
#include <atomic>
#include <cstdint>
#include <limits>

#include "base/memory_budget.h"

namespace st::httpd {

struct Counters {
    std::atomic<std::uint64_t> connections_total{0};
    std::atomic<std::uint64_t> connections_refused_total{0};
    std::atomic<std::int64_t> connections{0};
    std::atomic<std::uint64_t> http_requests_total{0};
    std::atomic<std::uint64_t> websocket_violations_total{0};
    /// What peers make us hold, all together: limits.memory.
    MemoryBudget memory{std::numeric_limits<std::size_t>::max()};
};

}  // namespace st::httpd
