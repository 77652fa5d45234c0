#pragma once
/// Clocks that step back while a source runs: a clip that is sent again and again, a camera whose
/// clock is set. Pure. The tracks go on where they were, and stay together; a muxer refuses what is
/// before the last packet of its track.
#include <array>
#include <cstdint>

namespace st::av {

class ClosedSteps {
 public:
    /// Less is disorder, and no step.
    static constexpr std::int64_t kStepUs = 1'000'000;
    /// A track follows the other one's step only if that does not take it further than this.
    static constexpr std::int64_t kAheadUs = 10'000'000;

    /// How much later than its input says what `track` (0 or 1) has at `us` is to be decoded.
    std::int64_t shift_us(std::size_t track, std::int64_t us) {
        Track& its = tracks_[track];
        if (!its.has_last) {
            its = {true, us + newest_us_, newest_us_};
            return newest_us_;
        }
        if (us + its.shift_us < its.last_us - kStepUs) {
            const std::int64_t with_other_us = us + newest_us_;
            const bool follows =
                with_other_us >= its.last_us - kStepUs && with_other_us <= its.last_us + kAheadUs;
            if (!follows) newest_us_ = its.last_us + its.interval_us - us;
            its.shift_us = newest_us_;
        }
        const std::int64_t step_us = us + its.shift_us - its.last_us;
        if (step_us > 0 && step_us <= kStepUs) its.interval_us = step_us;
        if (step_us > 0) its.last_us += step_us;
        return its.shift_us;
    }

 private:
    struct Track {
        bool has_last = false;
        std::int64_t last_us = 0;
        std::int64_t shift_us = 0;
        std::int64_t interval_us = 40'000;  ///< between its last two
    };
    std::array<Track, 2> tracks_;
    std::int64_t newest_us_ = 0;  ///< the shift of the track that stepped last
};

}  // namespace st::av
