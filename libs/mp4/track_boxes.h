#pragma once
/// Boxes that are alike in all our MP4s, whatever they hold and whether it is fragmented.
/// ISO/IEC 14496-12, 14496-15.
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "mp4/boxes.h"
#include "mp4/movie.h"
#include "mp4/samples.h"

namespace st::mp4 {

/// A wall clock as MP4 has it; 0: not known.
std::uint64_t seconds_since_1904(std::int64_t wall_us);

/// 14496-12, 6.2.2.
using Matrix = std::array<std::uint8_t, 36>;
/// `rotate`: degrees clockwise, of a picture of that size.
Matrix matrix_of(unsigned rotate = 0, std::uint32_t width = 0, std::uint32_t height = 0);

/// Times and durations are of 64 bits in boxes of version 1, of 32 in those of version 0.
struct MovieHeader {
    unsigned version = 1;
    std::uint64_t created = 0;  ///< seconds since 1904
    std::uint32_t ticks_per_second = 0;
    std::uint64_t duration = 0;
    std::uint64_t next_track = 2;
};
struct TrackHeader {
    unsigned version = 1;
    std::uint64_t created = 0;
    std::uint32_t id = 1;
    std::uint64_t duration = 0;  ///< in the movie's ticks
    bool is_sound = false;
    Matrix matrix = matrix_of();
    std::uint32_t width = 0;  ///< as shown, 16.16
    std::uint32_t height = 0;
};
struct MediaHeader {
    unsigned version = 1;
    std::uint64_t created = 0;
    std::uint32_t ticks_per_second = 0;
    std::uint64_t duration = 0;
};

/// `is_fragmented`: readers have to know movie fragments.
void write_file_type(Boxes& out, bool is_fragmented);
void write_movie_header(Boxes& out, const MovieHeader& header);
void write_track_header(Boxes& out, const TrackHeader& header);
void write_media_header(Boxes& out, const MediaHeader& header);
/// edts, of at least one edit.
void write_edit_list(Boxes& out, unsigned version, std::span<const MovieEdit> edits);
/// vmhd or smhd.
void write_kind_header(Boxes& out, bool is_sound);
void write_hdlr(Boxes& out, std::string_view type, std::string_view name);
/// dinf: the samples lie in this file.
void write_data_reference(Boxes& out);
/// Of square pixels, 16.16.
std::uint32_t shown_width(const media::Sps& sps);
/// stsd with an avc1 for each format.
void write_sample_descriptions(Boxes& out, const VideoFormat& first,
                               std::span<const VideoFormat> others = {});
/// The decoder configuration record of 14496-15, 5.3.3.1.
Buffer encode_avcc(const VideoFormat& format);

}  // namespace st::mp4
