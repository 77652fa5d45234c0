#include "av/slots.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "av/error.h"
#include "av/shown_pictures.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
}

namespace st::av {
namespace {

constexpr std::uint64_t kSlotsMax = 10'000'000;
constexpr int kSideMax = 8192;
constexpr std::uint64_t kMoviesMax = 24;  // a helper may have 32 descriptors
constexpr double kKeySeconds = 1;

std::vector<std::int32_t> read_plan(int fd, std::uint64_t slots) {
    if (slots == 0 || slots > kSlotsMax)
        throw Error("a plan of " + std::to_string(slots) + " slots");
    std::vector<std::int32_t> plan(slots);
    read_all(fd, {reinterpret_cast<std::uint8_t*>(plan.data()), plan.size() * sizeof plan[0]});
    return plan;
}

class SlotEncoder {
 public:
    SlotEncoder(int width, int height, double rate, std::uint64_t crf, int out) : out_(out) {
        if (width < 2 || height < 2 || width > kSideMax || height > kSideMax) {
            throw Error("pictures of " + std::to_string(width) + "x" + std::to_string(height) +
                        " cannot be encoded");
        }
        const AVCodec* const codec = avcodec_find_encoder_by_name("libx264");
        if (codec == nullptr) throw Error("this libav has no libx264");
        encoder_.reset(avcodec_alloc_context3(codec));
        encoder_->width = width;
        encoder_->height = height;
        encoder_->pix_fmt = AV_PIX_FMT_YUV420P;
        encoder_->framerate = av_d2q(rate, 1'000'000);
        encoder_->time_base = av_inv_q(encoder_->framerate);
        encoder_->gop_size = std::max(1, static_cast<int>(std::lround(rate * kKeySeconds)));
        encoder_->max_b_frames = 0;
        encoder_->thread_count = 1;
        av_opt_set(encoder_->priv_data, "preset", "veryfast", 0);
        av_opt_set(encoder_->priv_data, "tune", "zerolatency", 0);
        av_opt_set(encoder_->priv_data, "crf", std::to_string(crf).c_str(), 0);
        const int code = avcodec_open2(encoder_.get(), codec, nullptr);
        if (code < 0) raise("open libx264", code);
        packet_.reset(av_packet_alloc());
        picture_.reset(av_frame_alloc());
    }

    void show(const AVFrame& from) {
        begin_picture();
        scaler_.reset(sws_getCachedContext(scaler_.release(), from.width, from.height,
                                           static_cast<AVPixelFormat>(from.format), encoder_->width,
                                           encoder_->height, AV_PIX_FMT_YUV420P, SWS_BILINEAR,
                                           nullptr, nullptr, nullptr));
        if (!scaler_) throw Error("the pictures cannot be converted to YUV 4:2:0");
        sws_scale(scaler_.get(), from.data, from.linesize, 0, from.height, picture_->data,
                  picture_->linesize);
        encode(picture_.get());
    }
    void show_black() {
        begin_picture();
        std::ptrdiff_t lines[4] = {picture_->linesize[0], picture_->linesize[1],
                                   picture_->linesize[2], picture_->linesize[3]};
        av_image_fill_black(picture_->data, lines, AV_PIX_FMT_YUV420P, AVCOL_RANGE_MPEG,
                            encoder_->width, encoder_->height);
        encode(picture_.get());
    }
    void finish() { encode(nullptr); }

 private:
    /// The encoder may still hold the last one's memory.
    void begin_picture() {
        picture_.reset(av_frame_alloc());
        picture_->format = AV_PIX_FMT_YUV420P;
        picture_->width = encoder_->width;
        picture_->height = encoder_->height;
        picture_->pts = slot_++;
        const int code = av_frame_get_buffer(picture_.get(), 0);
        if (code < 0) raise("a picture's memory", code);
    }
    void encode(const AVFrame* picture) {
        const int code = avcodec_send_frame(encoder_.get(), picture);
        if (code < 0) raise("encode", code);
        while (avcodec_receive_packet(encoder_.get(), packet_.get()) >= 0) {
            write_all(out_, {packet_->data, static_cast<std::size_t>(packet_->size)});
            av_packet_unref(packet_.get());
        }
    }

    const int out_;
    CodecPtr encoder_;
    PacketPtr packet_;
    FramePtr picture_;
    ScalerPtr scaler_;
    std::int64_t slot_ = 0;
};

}  // namespace

void encode_slots(const media::SlotsRequest& wanted, std::span<const int> fds) {
    if (wanted.movies == 0 || wanted.movies > kMoviesMax || fds.size() != wanted.movies + 2)
        throw Error("no files came with the job");
    if (!(wanted.rate > 0 && wanted.rate <= 1000)) throw Error("a rate that is none");
    const auto plan = read_plan(fds[wanted.movies], wanted.slots);
    ShownPictures pictures(fds.first(wanted.movies), wanted.pixels_max);
    auto shown = pictures.next();
    if (!shown) throw Error("no picture can be decoded");
    SlotEncoder encoder(shown->frame->width & ~1, shown->frame->height & ~1, wanted.rate,
                        wanted.crf, fds[wanted.movies + 1]);
    for (const std::int32_t slot : plan) {
        if (slot == media::kNoPicture) {
            encoder.show_black();
            continue;
        }
        const auto number = static_cast<std::uint64_t>(slot);
        while (shown && shown->number < number) shown = pictures.next();
        if (!shown || shown->number != number)
            throw Error("picture " + std::to_string(slot) + " cannot be decoded");
        encoder.show(*shown->frame);
    }
    encoder.finish();
}

}  // namespace st::av
