#pragma once
/// The pictures of MP4s that follow each other, decoded, in the order of showing.
#include <cstdint>
#include <memory>
#include <span>

#include "av/handles.h"

namespace st::av {

class ShownPictures {
 public:
    /// Descriptors are borrowed. `pixels_max`: of a picture.
    ShownPictures(std::span<const int> fds, std::uint64_t pixels_max)
        : fds_(fds), pixels_max_(pixels_max) {}

    /// nullptr: that was the last one. Valid until the next call. Throws Error: a movie cannot be
    /// opened.
    const AVFrame* next();

 private:
    void open();

    const std::span<const int> fds_;
    const std::uint64_t pixels_max_;
    std::size_t at_ = 0;  ///< the movie that is open or comes next
    std::unique_ptr<MovieFile> file_;
    CodecPtr decoder_;
    PacketPtr packet_;
    FramePtr frame_;
    bool at_end_ = false;
};

/// Writes all of it, also to what takes little at once. Throws Error.
void write_all(int fd, std::span<const std::uint8_t> bytes);

}  // namespace st::av
