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

/// Where a picture lies within another size: in the middle, with its shape, as large as fits.
struct Area {
    int x = 0;
    int y = 0;
    int width = 0;
    int height = 0;
};

Area fitted(const AVFrame& from, int width, int height) {
    // A row or column that 4:2:0 has no place for is no other size.
    if ((from.width & ~1) == width && (from.height & ~1) == height) return {0, 0, width, height};
    const double scale = std::min(static_cast<double>(width) / from.width,
                                  static_cast<double>(height) / from.height);
    Area area;
    area.width = std::clamp(static_cast<int>(std::lround(from.width * scale)) & ~1, 2, width);
    area.height = std::clamp(static_cast<int>(std::lround(from.height * scale)) & ~1, 2, height);
    area.x = (width - area.width) / 2 & ~1;
    area.y = (height - area.height) / 2 & ~1;
    return area;
}

class SlotEncoder {
 public:
    /// Of the size, shape and colours of the first picture.
    SlotEncoder(const AVFrame& first, double rate, std::uint64_t crf, int out) : out_(out) {
        const int width = first.width & ~1;
        const int height = first.height & ~1;
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
        encoder_->sample_aspect_ratio = first.sample_aspect_ratio;
        encoder_->color_primaries = first.color_primaries;
        encoder_->color_trc = first.color_trc;
        encoder_->colorspace = first.colorspace;
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
        const Area area = fitted(from, encoder_->width, encoder_->height);
        scaler_.reset(sws_getCachedContext(
            scaler_.release(), from.width, from.height, static_cast<AVPixelFormat>(from.format),
            area.width, area.height, AV_PIX_FMT_YUV420P, SWS_BILINEAR, nullptr, nullptr, nullptr));
        if (!scaler_) throw Error("the pictures cannot be converted to YUV 4:2:0");
        if (area.width < encoder_->width || area.height < encoder_->height) fill_black();
        std::uint8_t* into[4] = {};
        for (int plane = 0; plane < 3; ++plane) {
            const int share = plane == 0 ? 1 : 2;
            into[plane] = picture_->data[plane] +
                          std::ptrdiff_t{area.y / share} * picture_->linesize[plane] +
                          area.x / share;
        }
        sws_scale(scaler_.get(), from.data, from.linesize, 0, from.height, into,
                  picture_->linesize);
        encode(picture_.get());
    }
    void show_black() {
        begin_picture();
        fill_black();
        encode(picture_.get());
    }
    void finish() { encode(nullptr); }

 private:
    void fill_black() {
        std::ptrdiff_t lines[4] = {picture_->linesize[0], picture_->linesize[1],
                                   picture_->linesize[2], picture_->linesize[3]};
        av_image_fill_black(picture_->data, lines, AV_PIX_FMT_YUV420P, AVCOL_RANGE_MPEG,
                            encoder_->width, encoder_->height);
    }
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
    SlotEncoder encoder(*shown->frame, wanted.rate, wanted.crf, fds[wanted.movies + 1]);
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
