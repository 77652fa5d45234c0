#pragma once
/// A plain, seekable MP4 made of a segment in place, at the cost of its index: a moov with all its
/// tables behind the fragments, then the head of an mdat over all that lies between. The same for a
/// segment that ends and for one that a crash left open: what was written is read from its
/// fragments. One thread.
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "mp4/segment_file.h"
#include "mp4/segment_mark.h"

namespace st::mp4 {

/// Of one track: one with more stays a file of fragments. Those that are recorded here end long
/// before.
constexpr std::size_t kSegmentSamplesMax = std::size_t{8} << 20;

struct SegmentFacts {
    SegmentMark mark;
    std::uint64_t duration_us = 0;
    std::uint64_t pictures = 0;
    std::uint64_t key_frames = 0;
    std::uint64_t sounds = 0;
    std::uint64_t bytes = 0;         ///< of the whole file
    std::uint64_t cut_bytes = 0;     ///< torn: behind the last whole fragment
    std::uint64_t unread_bytes = 0;  ///< no such tear, left in the file: it is damaged
    bool was_finished = false;       ///< before; the counts are 0 then
};

/// A crash leaves at most a fragment torn, and a fragment has no more. More than that, or with a
/// whole fragment in it, is damage, which is nobody's to delete.
constexpr std::uint64_t kTornBytesMax = std::uint64_t{32} << 20;

/// What comes of a crash at any byte is readable, and finishing it again gives the same.
/// nullopt: there is no whole fragment, so nothing to keep. Error: it is no segment of ours, or
/// damaged from its beginning on; it is left as it is. Throws std::system_error (a full disk): what
/// was there can still be read.
Result<std::optional<SegmentFacts>> finish_segment(SegmentFile& file);

}  // namespace st::mp4
