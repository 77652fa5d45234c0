#pragma once
/// The little that a camera of JPEG pictures needs to know of one. ITU-T T.81, annex B. Pure.
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace st::media {

struct JpegSize {
    std::uint32_t width;
    std::uint32_t height;
    bool operator==(const JpegSize&) const = default;
};

/// The size that the first frame header of a JPEG picture says; nullopt: these bytes are none, or
/// one that a camera does not send (lossless, arithmetic, a size that comes later). Reads the
/// segments in front of the picture's data, not the data.
std::optional<JpegSize> read_jpeg_size(Bytes picture);

}  // namespace st::media
