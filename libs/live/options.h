#pragma once
/// What viewers and publishers are told and allowed. Plain values, checked before they get here.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "hub/options.h"

namespace st::live {

using std::chrono::milliseconds;

/// What one connection may ask in a second: far more than a player has to. Each may cost a line of
/// log, an answer, a look into the hub.
constexpr std::uint64_t kCommandsPerSecondMax = 2'000;

struct Options {
    milliseconds takeover_after{5'000};  ///< how long a silent publisher keeps its path
    std::string default_app = "live";    ///< of RTMP addresses that name a stream alone
    std::size_t message_bytes_max = std::size_t{16} << 20;          ///< of a WebSocket publisher
    std::uint64_t picture_pixels_max = std::uint64_t{8192} * 8192;  ///< decoded for a snapshot
    // Of the start; a reload does not change them:
    milliseconds wait{10'000};    ///< how long a viewer waits for a publisher
    milliseconds resume{10'000};  ///< how long viewers wait for theirs to come back
    hub::Options hub;
};

}  // namespace st::live
