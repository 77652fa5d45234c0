#pragma once
/// The boxes of a movie with one H.264 track (ISO/IEC 14496-12, -14, -15) but for its sample
/// tables: what a plain MP4 and a fragmented one have alike.
#include <functional>

#include "mp4/boxes.h"
#include "mp4/samples.h"

namespace st::mp4 {

struct Track {
    Track(const Samples& of, const VideoFormat& how, const Metadata& what, LaterFormats then = {});

    Samples samples;  ///< what they refer to outlives this
    const VideoFormat& format;
    LaterFormats later;  ///< none in a fragmented movie
    const Metadata& metadata;
    std::uint32_t depth;       ///< reorder depth
    std::int64_t shift_ticks;  ///< decoding begins this much before the first picture is shown
    std::uint64_t created;     ///< seconds since 1904; 0: not known
};

/// moov. `tables` writes what stands in stbl behind the sample description. `is_fragmented`: the
/// samples come later, in moof boxes; durations are then said in mvex.
void write_moov(Boxes& out, const Track& track, bool is_fragmented,
                const std::function<void()>& tables);

}  // namespace st::mp4
