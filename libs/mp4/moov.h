#pragma once
/// MP4s with one index of all samples (ISO/IEC 14496-12), written by ourselves.
///
///     ftyp 32 | free: room for the index, if it shall stand in front | free 8 | mdat | moov
///
/// Why not libavformat 5.1: its writer wants a time with each sample, so the input would have to be
/// read twice; it squashes every time after a gap of INT_MAX ticks; when no sample is flagged as a
/// sync sample it leaves the table out, which says that all are; it returns success for a file
/// without parameter sets. libavformat still reads every file we make before it gets its name
/// (av/verify.h).
#include <cstdint>

#include "mp4/movie_boxes.h"
#include "mp4/sample_file.h"

namespace st::mp4 {

/// What begin_mp4() writes beside the room for the index.
constexpr std::uint64_t kMp4HeadBytes = 48;

/// More than the index of a picture takes at worst: size 4, both times 16, key frame 4, its share
/// of a chunk's offset; and what does not depend on their number but for long parameter sets.
constexpr std::uint64_t kIndexBytesPerPicture = 33;
constexpr std::uint64_t kIndexBytesBeside = 4096;

/// Writes what stands before the samples, which follow. To be called on an empty file.
/// `index_room`: bytes left free in front for the index, at least 8; 0: it goes behind.
void begin_mp4(SampleFile& file, std::uint64_t index_room);

/// Ends mdat and writes moov. All samples lie one behind the other from the end of begin_mp4() on.
/// An index larger than its room has the samples moved: right, but slow.
void end_mp4(SampleFile& file, const Track& track, std::uint64_t index_room);

}  // namespace st::mp4
