#pragma once
/// Sound of a live stream counted in samples: publishers say times in whole milliseconds, which a
/// player would hear as jitter. Pure.
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "media/packet.h"

namespace st::mp4 {

class SoundClock {
 public:
    /// What a publisher says is rounded, or cut off, to the millisecond.
    static constexpr std::int64_t kRoundedMs = 2;

    /// `frame_samples`: of each frame.
    SoundClock(std::uint32_t sample_rate, std::uint32_t frame_samples)
        : rate_(sample_rate), frame_samples_(frame_samples) {}

    /// The time of the next frame in samples since the stream's time 0: one frame after the last,
    /// as long as that is what its publisher means by `time_ms`; else that. Rises.
    std::int64_t next(std::int64_t time_ms) {
        const std::int64_t said = time_ms * rate_ / 1000;
        std::int64_t now = said;
        if (last_) {
            const std::int64_t expected = *last_ + frame_samples_;
            if (std::abs(said - expected) <= kRoundedMs * rate_ / 1000) now = expected;
            if (now <= *last_) now = *last_ + 1;
        }
        last_ = now;
        return now;
    }

    std::int64_t rate() const { return rate_; }
    std::int64_t frame_samples() const { return frame_samples_; }

 private:
    std::int64_t rate_;
    std::int64_t frame_samples_;
    std::optional<std::int64_t> last_;
};

/// How sound of that configuration counts; nullopt: it is not AAC, or cannot be read.
std::optional<SoundClock> sound_clock_of(const media::PacketPtr& audio);

}  // namespace st::mp4
