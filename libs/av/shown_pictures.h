#pragma once
/// The pictures of MP4s that follow each other, decoded, in the order of showing. Each one is known
/// by its time, which goes through the decoder with it: not all come out.
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "av/handles.h"
#include "av/references.h"

namespace st::av {

struct ShownPicture {
    const AVFrame* frame = nullptr;
    std::uint64_t number = 0;  ///< its place among all pictures of all movies, as they are shown
    std::uint64_t coded = 0;   ///< and as they are coded
    /// The decoder had to make up a part of it, or of one before it that it may refer to.
    bool is_flawed = false;
};

class ShownPictures {
 public:
    /// Descriptors are borrowed. `pixels_max`: of a picture. `lost`: messages that are known to be
    /// lost before each picture, as they are shown; borrowed.
    ShownPictures(std::span<const int> fds, std::uint64_t pixels_max,
                  std::span<const std::uint32_t> lost = {})
        : fds_(fds), pixels_max_(pixels_max), lost_(lost) {}

    /// Those that can be decoded. Behind a reference picture that is missing, or a flawed one, the
    /// decoder is given nothing until it may begin anew. nullopt: that was the last one. Valid
    /// until the next call. Throws Error: a movie cannot be opened.
    std::optional<ShownPicture> next();

    /// Of the movies up to the one that the last picture is of; after the last one, all.
    std::uint64_t count() const { return before_ + places_.size(); }

 private:
    struct Place {
        std::int64_t pts;
        std::uint64_t coded;
    };

    void open();
    void close();
    void feed();
    void break_off();
    std::optional<ShownPicture> received();
    std::uint64_t number_of(std::int64_t pts) const;

    const std::span<const int> fds_;
    const std::uint64_t pixels_max_;
    const std::span<const std::uint32_t> lost_;
    std::size_t at_ = 0;  ///< the movie that is open or comes next
    std::unique_ptr<MovieFile> file_;
    std::optional<References> references_;
    std::vector<Place> places_;  ///< of the open movie's pictures, as they are shown
    std::uint64_t before_ = 0;   ///< pictures of the movies before it
    CodecPtr decoder_;
    PacketPtr packet_;
    FramePtr frame_;
    bool is_broken_ = false;  ///< what comes refers to what is missing
    /// Since the decoder began: the first flawed picture, by its place as they are coded.
    std::optional<std::uint64_t> flawed_;
    bool at_end_ = false;
};

/// Fills `into` from the file's beginning. Throws Error: it is shorter.
void read_all(int fd, std::span<std::uint8_t> into);

/// Writes all of it, also to what takes little at once. Throws Error.
void write_all(int fd, std::span<const std::uint8_t> bytes);

}  // namespace st::av
