#pragma once
/// What a segment of a live stream says of itself, so that a catalogue can be made of the files
/// alone, and where it stands in its life. Pure.
///
///     ftyp 32 | uuid: the mark | free 16 | moov { mvex } | moof mdat | moof mdat ...    it grows
///     ftyp 32 | uuid: the mark | mdat of 64-bit size: all that was behind the free | moov finished
///
/// The mark, big-endian, behind the box's head (size, "uuid", kSegmentUuid):
///
///      0  u8 version 1    1  zero[3]    4  u64 first_wall_us    12  u32 number    16  u32
///      generation
///     20  u8 length and bytes of: path, video, audio
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace st::mp4 {

constexpr std::array<std::uint8_t, 16> kSegmentUuid = {
    0x5A, 0x1C, 0x7E, 0x90, 0x3B, 0x44, 0x4D, 0x0F, 0xA7, 0x62, 0x91, 0x0E, 0xC3, 0x58, 0xD6, 0x2B};

/// ftyp, mark and free lie within the first sector of a disk, so that turning the free into the
/// head of an mdat is one write that is there or is not.
constexpr std::size_t kSegmentHeadBytesMax = 512;

/// Where first_wall_us stands in the file, 8 bytes, big-endian.
constexpr std::size_t kFirstWallAt = 60;

struct SegmentMark {
    std::string path;                ///< of the stream, "/app/name"; at most 255 bytes
    std::string video;               ///< codec: "h264"; empty: no such track
    std::string audio;               ///< "aac"
    std::int64_t first_wall_us = 0;  ///< wall clock of the file's time 0
    std::uint32_t number = 0;        ///< of the segment since its recording began, from 1
    /// Rises whenever a segment does not go on where the one before ended (another publisher, a
    /// jump, packets that were lost); else its times continue those.
    std::uint32_t generation = 0;

    bool operator==(const SegmentMark&) const = default;
};

/// What the beginning of a segment says.
struct SegmentHead {
    SegmentMark mark;
    bool is_finished = false;
    std::uint64_t free_at = 0;  ///< of the 16 bytes that become an mdat's head
    std::uint64_t moov_at = 0;  ///< of a finished one; else 0
};

/// ftyp, mark and free.
std::vector<std::uint8_t> encode_segment_head(const SegmentMark& mark);

/// `begin`: kSegmentHeadBytesMax bytes of the file, or all of a shorter one. Error: it is no
/// segment of ours, or was cut within its head.
Result<SegmentHead> parse_segment_head(Bytes begin);

}  // namespace st::mp4
