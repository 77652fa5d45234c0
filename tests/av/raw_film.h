#pragma once
/// Films of uncompressed pictures, 24 bits a pixel: every libav decodes them, and none of them
/// depends on an encoder.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/fd.h"
#include "mp4/copied_movie.h"

namespace st::av {

/// Without samples, in milliseconds.
inline mp4::CopiedTrack raw_track(std::uint8_t width, std::uint8_t height) {
    std::vector<std::uint8_t> entry(86);
    entry[3] = 86;
    std::memcpy(entry.data() + 4, "raw ", 4);
    entry[15] = 1;  // data reference
    entry[33] = width;
    entry[35] = height;
    entry[49] = 1;   // frames in a sample
    entry[83] = 24;  // depth
    entry[84] = entry[85] = 0xFF;
    mp4::CopiedTrack track;
    track.ticks_per_second = 1000;
    track.width = std::uint32_t{width} << 16;
    track.height = std::uint32_t{height} << 16;
    track.matrix[1] = track.matrix[17] = 1;
    track.matrix[32] = 0x40;
    track.descriptions.push_back(std::move(entry));
    return track;
}

inline Fd film_of(const mp4::CopiedTrack& track, std::uint64_t duration_ms,
                  const std::vector<std::uint8_t>& media) {
    mp4::CopiedMovie movie;
    movie.duration = duration_ms * 90;
    movie.media_bytes = media.size();
    movie.tracks.push_back(track);
    const auto head = mp4::encode_head(movie);
    Fd file(::memfd_create("film", MFD_CLOEXEC));
    EXPECT_EQ(::write(file.get(), head.data(), head.size()), static_cast<ssize_t>(head.size()));
    EXPECT_EQ(::write(file.get(), media.data(), media.size()), static_cast<ssize_t>(media.size()));
    return file;
}

}  // namespace st::av
