#pragma once
/// Whether what a coded picture may refer to is there. Decoders make up what is missing and go on:
/// what they show then is nothing that a camera saw, and they do not say so.
#include "av/handles.h"
#include "media/access_unit.h"

namespace st::av {

enum class Standing : std::uint8_t {
    goes_on,  ///< nothing is missing that was not missing before
    begins,   ///< decoding may begin here
    misses,   ///< reference pictures right before it are missing
};

class References {
 public:
    /// What is not H.264 as MP4s hold it is taken to be pictures of which none refers to another.
    explicit References(const AVCodecParameters& stream);

    /// The next picture, in coding order. `lost`: messages that are known to be lost before it.
    Standing next(const AVPacket& picture, std::uint32_t lost);

 private:
    bool misses(const media::PictureStart& start, std::uint32_t lost) const;

    media::AccessUnits units_;
    std::size_t length_bytes_ = 0;  ///< before each NAL unit; 0: this is not H.264
    bool has_others_ = false;       ///< than reference pictures
};

}  // namespace st::av
