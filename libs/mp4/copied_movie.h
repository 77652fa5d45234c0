#pragma once
/// The beginning of an MP4 whose samples lie elsewhere and are sent behind it as they are
/// (ISO/IEC 14496-12):
///
///     ftyp | moov | mdat of 64-bit size, its head
///
/// Pure; any thread.
#include <array>
#include <cstdint>
#include <vector>

#include "mp4/movie.h"

namespace st::mp4 {

/// What durations of edits and of the movie are in.
constexpr std::uint32_t kCopiedTicksPerSecond = 90'000;

struct CopiedSample {
    std::uint64_t at = 0;  ///< in the bytes behind the head
    std::int64_t decoded = 0;
    std::int32_t shown_after = 0;
    std::uint32_t bytes = 0;
    std::uint16_t description = 0;
    bool is_sync = false;
};

struct CopiedTrack {
    MovieKind kind = MovieKind::video;  ///< video or sound
    std::uint32_t ticks_per_second = 0;
    std::array<std::uint8_t, 36> matrix{};
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::vector<std::vector<std::uint8_t>> descriptions;
    std::vector<MovieEdit> edits;
    std::vector<CopiedSample> samples;  ///< at least one; `decoded` begins at 0 and rises
    std::uint32_t last_duration = 1;
};

struct CopiedMovie {
    std::vector<CopiedTrack> tracks;
    std::uint64_t duration = 0;     ///< in kCopiedTicksPerSecond
    std::uint64_t created = 0;      ///< seconds since 1904
    std::uint64_t media_bytes = 0;  ///< that follow the head
};

std::vector<std::uint8_t> encode_head(const CopiedMovie& movie);

}  // namespace st::mp4
