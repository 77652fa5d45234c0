#include "av/shown_pictures.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "av/error.h"
#include "av/picture.h"

namespace st::av {

void ShownPictures::open() {
    file_ = std::make_unique<MovieFile>(fds_[at_]);
    AVFormatContext& input = file_->format();
    if (input.nb_streams == 0) {
        const int code = avformat_find_stream_info(&input, nullptr);
        if (code < 0) raise("open", code);
    }
    decoder_ = open_decoder(*file_->video_stream().codecpar, pixels_max_);
    packet_.reset(av_packet_alloc());
    at_end_ = false;
}

const AVFrame* ShownPictures::next() {
    while (at_ < fds_.size()) {
        if (!file_) open();
        frame_.reset(av_frame_alloc());
        if (avcodec_receive_frame(decoder_.get(), frame_.get()) >= 0) return frame_.get();
        if (at_end_) {
            decoder_.reset();
            file_.reset();
            ++at_;
            continue;
        }
        at_end_ = av_read_frame(&file_->format(), packet_.get()) < 0;
        // Errors of single packets are the stream's; what counts is which pictures come out.
        (void)avcodec_send_packet(decoder_.get(), at_end_ ? nullptr : packet_.get());
        av_packet_unref(packet_.get());
    }
    return nullptr;
}

void write_all(int fd, std::span<const std::uint8_t> bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
        const ssize_t written = ::write(fd, bytes.data() + at, bytes.size() - at);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw Error(std::string("write: ") + std::strerror(errno));
        at += static_cast<std::size_t>(written);
    }
}

}  // namespace st::av
