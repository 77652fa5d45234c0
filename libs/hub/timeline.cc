#include "hub/timeline.h"

#include <algorithm>

namespace st::hub {
namespace {

constexpr std::int64_t kWrap24 = std::int64_t{1} << 24;

}  // namespace

void Timeline::begin(Clock clock, std::int64_t now_ns) {
    clock_ = clock;
    has_input_ = false;
    newest_ns_ = now_ns;
    for (TrackTimes& track : tracks_) track.has_last = false;
}

/// The value nearest to the last one that has these low bits.
std::int64_t Timeline::unwrap(std::uint64_t time_ms) const {
    if (clock_ == Clock::bits_64) return static_cast<std::int64_t>(time_ms);
    const auto low = static_cast<std::uint32_t>(time_ms);
    if (!has_input_) return low;
    const auto step = static_cast<std::int32_t>(low - static_cast<std::uint32_t>(last_input_ms_));
    return last_input_ms_ + step;
}

bool Timeline::is_plausible(const TrackTimes& track, std::int64_t out_ms,
                            std::int64_t now_ns) const {
    // A publisher that paused moved on by as much as the wall clock, give or take its buffers.
    const std::int64_t passed_ms = (now_ns - newest_ns_) / 1'000'000;
    if (out_ms > newest_ms_ + kForwardMaxMs + 2 * passed_ms) return false;
    const std::int64_t before_ms = track.has_last ? track.last_ms : newest_ms_;
    return out_ms >= before_ms - kBackwardMaxMs;
}

std::int64_t Timeline::map(media::Track which, std::uint64_t time_ms, std::int64_t now_ns) {
    TrackTimes& track = tracks_[static_cast<std::size_t>(which)];
    std::int64_t input_ms = unwrap(time_ms);
    if (!has_input_) {
        has_input_ = true;
        const std::int64_t begin_ms = has_output_ ? newest_ms_ + track.interval_ms : 0;
        // Modular on purpose: a 64-bit clock may stand anywhere.
        offset_ms_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(begin_ms) -
                                               static_cast<std::uint64_t>(input_ms));
    } else {
        const auto out_of = [this](std::int64_t input) {
            return static_cast<std::int64_t>(static_cast<std::uint64_t>(input) +
                                             static_cast<std::uint64_t>(offset_ms_));
        };
        if (!is_plausible(track, out_of(input_ms), now_ns)) {
            // The low 24 bits alone were sent: forward over the wrap, or the other track's last
            // ones from before it.
            std::int64_t wrap = 0;
            if (clock_ == Clock::bits_32) {
                for (const std::int64_t by : {kWrap24, -kWrap24}) {
                    if (is_plausible(track, out_of(input_ms + by), now_ns)) wrap = by;
                }
            }
            if (wrap != 0) {
                offset_ms_ += wrap;
            } else {
                const std::int64_t next_ms =
                    (track.has_last ? std::max(track.last_ms, newest_ms_ - kBackwardMaxMs)
                                    : newest_ms_) +
                    track.interval_ms;
                offset_ms_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(next_ms) -
                                                       static_cast<std::uint64_t>(input_ms));
                ++jumps_;
            }
        }
    }
    last_input_ms_ = input_ms;
    std::int64_t out_ms = static_cast<std::int64_t>(static_cast<std::uint64_t>(input_ms) +
                                                    static_cast<std::uint64_t>(offset_ms_));
    out_ms = std::max<std::int64_t>(out_ms, 0);
    if (track.has_last) {
        out_ms = std::max(out_ms, track.last_ms);
        const std::int64_t interval = out_ms - track.last_ms;
        if (interval > 0 && interval <= kBackwardMaxMs) track.interval_ms = interval;
    }
    track.has_last = true;
    track.last_ms = out_ms;
    if (!has_output_ || out_ms >= newest_ms_) {
        newest_ms_ = out_ms;
        newest_ns_ = now_ns;
    }
    has_output_ = true;
    return out_ms;
}

}  // namespace st::hub
