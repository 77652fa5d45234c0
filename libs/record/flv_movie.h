#pragma once
/// FLV files read back as movies: segments of ours, and others of the same layout. H.264 and AAC
/// lie in their tags as an MP4 has them, so that they can be had from where they are. Any thread.
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "mp4/movie.h"

namespace st::record {

/// What such a file is and how long. Times of tags are counted from 0.
struct FlvHead {
    std::optional<std::int64_t>
        first_wall_us;           ///< wall clock of time 0; nullopt: it is not of ours
    std::int64_t begins_us = 0;  ///< time of what is shown, or heard, first: the movie's time 0
    std::int64_t ends_us = 0;    ///< time where the last one ends
    bool is_growing = false;     ///< of ours, and not finished
    bool is_movie = true;        ///< its pictures, or without any its sound, can be had as a movie
};
/// A few reads. Error: it is no FLV, or there is nothing in it.
Result<FlvHead> read_flv_head(const mp4::MovieSource& file);

/// All whole tags with H.264 and AAC; sound in another codec is left out. A read for each tag.
/// Error: as above; with code 409 its pictures, or without any its sound, are in another codec.
Result<mp4::Movie> read_flv_movie(const mp4::MovieSource& file);

}  // namespace st::record
