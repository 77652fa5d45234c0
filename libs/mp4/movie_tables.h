#pragma once
/// Tables of moov and moof into samples. Private to libs/mp4.
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "mp4/movie.h"

namespace st::mp4 {

/// What trex says of a track's samples in fragments.
struct FragmentDefaults {
    std::uint32_t track_id = 0;
    std::uint32_t description = 1;
    std::uint32_t duration = 0;
    std::uint32_t bytes = 0;
    std::uint32_t flags = 0;
};

struct ReadMoov {
    Movie movie;
    std::uint64_t duration = 0;  ///< of mvhd, in the movie's ticks
    bool has_fragments = false;
    std::vector<FragmentDefaults> defaults;
};

/// `with_samples`: else the sample tables are passed over. Samples lie below `file_bytes`.
Result<ReadMoov> read_moov(Bytes moov, std::uint64_t file_bytes, bool with_samples);

/// Adds the samples of one fragment, whose moof box begins at `at` of the file. False: they do not
/// lie whole within `file_bytes`, nothing was added.
Result<bool> read_fragment(Bytes moof, std::uint64_t at, std::uint64_t file_bytes, ReadMoov& into);

}  // namespace st::mp4
