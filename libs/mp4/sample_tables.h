#pragma once
/// The sample tables of a track (ISO/IEC 14496-12, 8.6 and 8.7), read in one go: what is kept of
/// them takes memory, what is passed over takes none. Private to libs/mp4.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "mp4/movie.h"

namespace st::mp4 {

/// Of `track`, whose header, edits and descriptions are known, the samples that `span` needs, at
/// most `room` of them. They lie below `file_bytes`. Error: what is wrong, with code
/// kTooManySamples if there is no room.
Result<void> read_samples(Bytes stbl, std::uint64_t file_bytes, std::size_t room,
                          const MovieSpan& span, std::uint32_t movie_ticks_per_second,
                          MovieTrack& track);

}  // namespace st::mp4
