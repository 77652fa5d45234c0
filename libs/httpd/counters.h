#pragma once
/// What connections are counted by. Any thread.
#include <atomic>
#include <cstdint>

namespace st::httpd {

struct Counters {
    std::atomic<std::uint64_t> connections_total{0};
    std::atomic<std::uint64_t> connections_refused_total{0};
    std::atomic<std::int64_t> connections{0};
    std::atomic<std::uint64_t> http_requests_total{0};
    std::atomic<std::uint64_t> websocket_violations_total{0};
};

}  // namespace st::httpd
