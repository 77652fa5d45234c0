#pragma once
/// Boxes of moov and moof into tracks and samples. Private to libs/mp4.
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "mp4/box_fields.h"
#include "mp4/movie.h"

namespace st::mp4 {

inline Error broken(const char* what) {
    return Error{std::string("not a movie we can read: ") + what};
}
inline Error too_many() {
    return Error{"not a movie we can read: it has more samples than are read", kTooManySamples};
}

struct FullBox {
    unsigned version;
    std::uint32_t flags;
    BoxFields fields;
};
inline FullBox full_box(Bytes body) {
    FullBox box{0, 0, BoxFields(body)};
    const std::uint32_t word = box.fields.u32();
    box.version = word >> 24;
    box.flags = word & 0xFFFFFF;
    return box;
}

/// The entries of a table of `entry_bytes` each; an error if there are not as many as it says.
inline Result<std::uint32_t> count_of(BoxFields& fields, std::size_t entry_bytes) {
    const std::uint32_t count = fields.u32();
    if (fields.failed() || fields.left() / entry_bytes < count) {
        return broken("a table is cut short");
    }
    return count;
}

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

/// `span`: of an index, whose samples are read; nullptr: the sample tables are passed over. Samples
/// lie below `file_bytes`.
Result<ReadMoov> read_moov(Bytes moov, std::uint64_t file_bytes, const MovieSpan* span);

/// Adds the samples of one fragment, whose moof box begins at `at` of the file. False: they do not
/// lie whole within `file_bytes`, nothing was added.
Result<bool> read_fragment(Bytes moof, std::uint64_t at, std::uint64_t file_bytes, ReadMoov& into);

}  // namespace st::mp4
