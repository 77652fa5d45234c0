#include "av/shown_pictures.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "av/error.h"
#include "av/picture.h"
#include "base/fd_io.h"

namespace st::av {

void ShownPictures::open() {
    packet_.reset(av_packet_alloc());
    places_.clear();
    {
        MovieFile file(fds_[at_]);
        while (file.read_picture(*packet_)) places_.push_back({packet_->pts, places_.size()});
    }
    std::ranges::stable_sort(places_, {}, &Place::pts);
    file_ = std::make_unique<MovieFile>(fds_[at_]);
    const AVCodecParameters& stream = *file_->video_stream().codecpar;
    references_.emplace(stream);
    decoder_ = open_decoder(stream, pixels_max_);
    flawed_.reset();
    is_broken_ = false;
    at_end_ = false;
}

void ShownPictures::close() {
    decoder_.reset();
    file_.reset();
    before_ += places_.size();
    places_.clear();
    ++at_;
}

/// What the decoder still holds comes out; then it begins anew.
void ShownPictures::break_off() {
    is_broken_ = true;
    (void)avcodec_send_packet(decoder_.get(), nullptr);
}

void ShownPictures::feed() {
    at_end_ = !file_->read_picture(*packet_);
    if (at_end_) {
        (void)avcodec_send_packet(decoder_.get(), nullptr);
        return;
    }
    const std::uint64_t number = number_of(packet_->pts);
    const Standing standing =
        references_->next(*packet_, number < lost_.size() ? lost_[number] : 0);
    if (is_broken_ && standing != Standing::begins) return;
    if (standing == Standing::misses) return break_off();
    is_broken_ = false;
    // Errors of single packets are the stream's; what counts is which pictures come out.
    (void)avcodec_send_packet(decoder_.get(), packet_.get());
}

/// Of the open movie's picture with that time; of one that has no such time, count().
std::uint64_t ShownPictures::number_of(std::int64_t pts) const {
    const auto place = std::ranges::lower_bound(places_, pts, {}, &Place::pts);
    if (place == places_.end() || place->pts != pts) return count();
    return before_ + static_cast<std::uint64_t>(place - places_.begin());
}

/// The picture that the decoder gave out last; nullopt: the movie has none of its time.
std::optional<ShownPicture> ShownPictures::received() {
    const std::uint64_t number = number_of(frame_->pts);
    if (number == count()) return std::nullopt;
    const std::uint64_t coded = before_ + places_[number - before_].coded;
    if (!is_clean(*frame_)) flawed_ = std::min(coded, flawed_.value_or(coded));
    return ShownPicture{frame_.get(), number, coded, flawed_ && coded >= *flawed_};
}

std::optional<ShownPicture> ShownPictures::next() {
    while (at_ < fds_.size()) {
        if (!file_) open();
        frame_.reset(av_frame_alloc());
        const int code = avcodec_receive_frame(decoder_.get(), frame_.get());
        if (code >= 0) {
            const auto picture = received();
            if (!picture) continue;
            if (picture->is_flawed && !is_broken_ && !at_end_) break_off();
            return picture;
        }
        if (code != AVERROR_EOF) {
            feed();
        } else if (at_end_) {
            close();
        } else {
            avcodec_flush_buffers(decoder_.get());
            flawed_.reset();
            feed();
        }
    }
    return std::nullopt;
}

void read_all(int fd, std::span<std::uint8_t> into) {
    if (read_up_to(fd, into, 0) != into.size()) throw Error("what came with the job is cut off");
}

void write_all(int fd, std::span<const std::uint8_t> bytes) {
    if (!st::write_all(fd, bytes)) throw Error(std::string("write: ") + std::strerror(errno));
}

}  // namespace st::av
