#pragma once
/// Bounds and times of the hub; plain values, checked before they get here.
#include <chrono>
#include <cstdint>

#include "hub/gop_cache.h"

namespace st::hub {

/// What a slow viewer may cost, and for how long.
struct QueueLimits {
    std::size_t bytes = std::size_t{4} << 20;       ///< waiting for its socket
    std::chrono::milliseconds age{5'000};           ///< of the oldest packet waiting
    std::chrono::milliseconds stuck_after{15'000};  ///< nothing taken for so long: closed
};

struct Options {
    GopLimits gop;
    QueueLimits queue;
    std::chrono::milliseconds batch{0};  ///< merge window; 0: each packet at once
    // 0: no limit.
    std::size_t viewers_max = 0;
    std::size_t publishers_max = 0;
    std::size_t viewers_per_address = 0;
    std::size_t publishers_per_address = 0;
};

}  // namespace st::hub
