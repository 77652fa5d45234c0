#pragma once
/// Limits and deadlines of connections. Plain values, checked before they get here.
#include <chrono>
#include <cstddef>

namespace st::httpd {

using std::chrono::milliseconds;

struct Options {
    std::size_t connections = 10'000;                 ///< 0: no limit
    std::size_t connections_per_address = 0;          ///< 0: no limit
    std::size_t memory_bytes = std::size_t{1} << 30;  ///< see base/memory_budget.h
    // Of every connection that is watched for silence:
    milliseconds ping_interval{20'000};  ///< silence after which a ping goes out
    milliseconds ping_timeout{20'000};   ///< silence after that ping which ends the connection
};

/// Deadlines and bounds of HTTP that no configuration changes.
constexpr milliseconds kHeadDeadline{5'000};        ///< from the connection, or the first byte
constexpr milliseconds kTokenDeadline{5'000};       ///< for a token as the first message
constexpr milliseconds kBodyDeadline{10'000};       ///< from the end of the head
constexpr milliseconds kKeepAliveDeadline{15'000};  ///< between two requests
constexpr milliseconds kDownloadDeadline{30'000};   ///< for a piece of a file to be taken
constexpr milliseconds kClosePatience{2'000};       ///< for our last bytes to be taken
constexpr std::size_t kBodyBytesMax = 64 * 1024;    ///< of a request that is answered as a whole
constexpr std::size_t kPipelinedBytesMax = 64 * 1024;
/// Of a WebSocket's text message.
constexpr std::size_t kTextBytesMax = 64 * 1024;

}  // namespace st::httpd
