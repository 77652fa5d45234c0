#pragma once
/// Decodes an input and encodes it again with libx264, as a phone's encoder would. For streamctl
/// push.
#include <atomic>
#include <memory>

#include "av/input.h"

namespace st::av {

struct EncodeOptions {
    std::uint32_t width = 0;  ///< 0: the input's
    std::uint32_t height = 0;
    std::uint32_t aspect_width = 0;  ///< cut to this ratio if no width is given; 0: the input's
    std::uint32_t aspect_height = 0;
    std::uint64_t bitrate_bps = 4'000'000;
    std::uint32_t fps = 0;  ///< pictures closer than that are left out; 0: all of them
    std::uint32_t b_frames = 0;
    /// Set by anybody, from any thread: the next picture becomes a key frame.
    std::shared_ptr<std::atomic<bool>> wants_key = {};
};

/// A key frame each second, parameter sets only in configuration(), one slice a picture; the
/// picture times of the input. Throws av::Error if there is no decoder or no libx264.
std::unique_ptr<PacketReader> encode_packets(Input input, const EncodeOptions& options);

/// The even size that `options` make of a picture of `width` x `height`.
struct PictureSize {
    std::uint32_t width;
    std::uint32_t height;
};
PictureSize encoded_size(std::uint32_t width, std::uint32_t height, const EncodeOptions& options);

}  // namespace st::av
