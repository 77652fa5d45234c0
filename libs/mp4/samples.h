#pragma once
/// The pictures of one output with their times, and what a player must know before them.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "media/parameter_sets.h"
#include "mp4/picture_index.h"

namespace st::mp4 {

using NalBytes = std::vector<std::uint8_t>;

/// What the sample description needs of the stream.
struct VideoFormat {
    media::Sps sps;                  ///< in force at the first sample
    std::vector<NalBytes> sps_list;  ///< sps's own bytes first; at most 31
    std::vector<NalBytes> pps_list;  ///< at most 255
    /// Each picture is a JPEG by itself; of sps only the size counts then, and there are no sets.
    bool is_jpeg = false;
};

/// From a sample on other parameter sets hold, as another sample description says.
struct FormatChange {
    std::size_t sample = 0;
    std::size_t format = 0;  ///< 0: the track's first, else place in LaterFormats::others plus 1
};

/// What holds later than a track's first format. What they refer to outlives this.
struct LaterFormats {
    std::span<const VideoFormat> others;
    std::span<const FormatChange> changes;  ///< by sample, none of them at 0
};

/// A run of the index, and its display times.
struct Samples {
    const PictureIndex& pictures;
    std::size_t first;
    std::size_t count;
    std::span<const std::uint32_t> shown_at;  ///< of each sample: its place in display order
    std::span<const std::int64_t> ticks;  ///< display times by place; ticks[0] is the zero point
    std::int64_t usual_ticks;             ///< of the last picture; at least 1
    std::uint32_t first_place;            ///< what shown_at counts from
    std::int64_t begins_ticks = 0;        ///< nothing is shown before, from the file's time 0 on
    std::int64_t ticks_per_second = 90'000;

    const Picture& picture(std::size_t i) const { return pictures[first + i]; }
    /// Display time of sample i, from 0 at the first one shown.
    std::int64_t shown(std::size_t i) const { return ticks[shown_at[i] - first_place] - ticks[0]; }
    std::int64_t end_ticks() const { return ticks[count - 1] - ticks[0] + usual_ticks; }
    /// Of the whole file.
    std::int64_t duration_ticks() const { return begins_ticks + end_ticks(); }
    /// The smallest r such that every picture can be decoded at the display time of the picture
    /// shown r places earlier.
    std::uint32_t depth() const;
    /// Decoding time of sample i, at most its display time; sample 0's is -depth * usual_ticks.
    std::int64_t decoded(std::size_t i, std::uint32_t depth) const;
};

struct Metadata {
    std::string camera;
    std::optional<std::int64_t> created_us;  ///< wall clock
    unsigned rotate = 0;                     ///< degrees clockwise: 0, 90, 180, 270
};

}  // namespace st::mp4
