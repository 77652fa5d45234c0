#include "av/encode.h"

extern "C" {
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include "av/demuxer.h"
#include "av/track_encoder.h"

namespace st::av {
namespace {

CodecPtr open_encoder(PictureSize size, double fps, const EncodeOptions& options) {
    const AVCodec* encoder = avcodec_find_encoder_by_name("libx264");
    if (encoder == nullptr) throw Error("this libav has no libx264");
    CodecPtr codec(avcodec_alloc_context3(encoder));
    codec->width = static_cast<int>(size.width);
    codec->height = static_cast<int>(size.height);
    codec->pix_fmt = AV_PIX_FMT_YUV420P;
    codec->time_base = kMicrosecondBase;
    codec->framerate = av_d2q(fps, 1000);
    codec->gop_size = std::max(1, static_cast<int>(std::lround(fps)));
    codec->max_b_frames = static_cast<int>(options.b_frames);
    codec->bit_rate = static_cast<std::int64_t>(options.bitrate_bps);
    codec->rc_max_rate = codec->bit_rate;
    codec->rc_buffer_size =
        static_cast<int>(std::min<std::int64_t>(codec->bit_rate, std::numeric_limits<int>::max()));
    codec->thread_count = 1;  // several would cut each picture into slices, or hold pictures back
    codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_opt_set(codec->priv_data, "preset", "veryfast", 0);
    if (options.b_frames == 0) av_opt_set(codec->priv_data, "tune", "zerolatency", 0);
    av_opt_set(codec->priv_data, "forced-idr", "1", 0);
    const int result = avcodec_open2(codec.get(), encoder, nullptr);
    if (result < 0) raise("open libx264", result);
    return codec;
}

class EncodeReader final : public PacketReader {
 public:
    EncodeReader(Input input, const EncodeOptions& options)
        : input_(std::move(input)),
          options_(options),
          packet_(av_packet_alloc()),
          encoded_(av_packet_alloc()),
          decoded_(av_frame_alloc()),
          scaled_(av_frame_alloc()),
          decoder_(open_track_decoder(*input_.demuxer().stream)) {
        const double fps =
            options.fps == 0 ? input_.fps() : std::min<double>(options.fps, input_.fps());
        size_ = encoded_size(input_.width(), input_.height(), options);
        encoder_ = open_encoder(size_, fps, options);
        scaled_->format = AV_PIX_FMT_YUV420P;
        scaled_->width = encoder_->width;
        scaled_->height = encoder_->height;
    }

    bool next(EncodedPacket& out) override {
        for (;;) {
            const int got = avcodec_receive_packet(encoder_.get(), encoded_.get());
            if (got == 0) break;
            if (got == AVERROR_EOF) return false;
            if (got != AVERROR(EAGAIN)) raise("encode", got);
            feed_encoder();
        }
        out.bytes.clear();
        out.bytes.append({encoded_->data, static_cast<std::size_t>(encoded_->size)});
        out.pts_us = encoded_->pts;
        out.is_key = (encoded_->flags & AV_PKT_FLAG_KEY) != 0;
        av_packet_unref(encoded_.get());
        return true;
    }

    Bytes configuration() const override {
        return {encoder_->extradata, static_cast<std::size_t>(encoder_->extradata_size)};
    }

 private:
    /// One picture, or the end, into the encoder.
    void feed_encoder() {
        while (!decode_picture()) {
            if (std::exchange(flushing_, true)) throw Error("the encoder does not come to an end");
            const int result = avcodec_send_frame(encoder_.get(), nullptr);
            if (result < 0) raise("encode", result);
            return;
        }
        scale();
        const int result = avcodec_send_frame(encoder_.get(), scaled_.get());
        if (result < 0) raise("encode", result);
    }

    /// The next picture that is wanted, into decoded_; false at the end.
    bool decode_picture() {
        for (;;) {
            av_frame_unref(decoded_.get());
            const int got = avcodec_receive_frame(decoder_.get(), decoded_.get());
            if (got == 0) {
                if (is_wanted()) return true;
                continue;
            }
            if (got == AVERROR_EOF) return false;
            if (got != AVERROR(EAGAIN)) raise("decode", got);
            av_packet_unref(packet_.get());
            const bool more = input_.demuxer().read(*packet_);
            // A damaged packet is the decoder's to skip: only what comes out counts.
            avcodec_send_packet(decoder_.get(), more ? packet_.get() : nullptr);
        }
    }

    /// Sets the picture's time; leaves out pictures over the asked rate, as the app does.
    bool is_wanted() {
        const std::int64_t pts = decoded_->best_effort_timestamp;
        const auto step = static_cast<std::int64_t>(1e6 / input_.fps());
        std::int64_t us = last_us_ + step;
        if (!input_.demuxer().has_times)
            us = static_cast<std::int64_t>(static_cast<double>(pictures_++) * 1e6 / input_.fps());
        else if (pts != AV_NOPTS_VALUE)
            us = input_.demuxer().to_us(pts);
        if (us <= last_us_) us = last_us_ + 1;  // x264 wants them to rise
        if (options_.fps != 0) {
            const std::int64_t interval = 1'000'000 / options_.fps;
            // Half a millisecond of grace: 30 fps from a 30 fps input must keep every picture.
            if (us + 500 < next_wanted_us_) return false;
            next_wanted_us_ = std::max(next_wanted_us_ + interval, us);
        }
        last_us_ = us;
        return true;
    }

    void scale() {
        crop();
        if (!scaler_ || source_width_ != decoded_->width || source_height_ != decoded_->height ||
            source_format_ != decoded_->format) {
            source_width_ = decoded_->width;
            source_height_ = decoded_->height;
            source_format_ = decoded_->format;
            scaler_.reset(sws_getContext(source_width_, source_height_,
                                         static_cast<AVPixelFormat>(source_format_), scaled_->width,
                                         scaled_->height, AV_PIX_FMT_YUV420P, SWS_BICUBIC, nullptr,
                                         nullptr, nullptr));
            if (!scaler_) throw Error("the pictures cannot be converted to YUV 4:2:0");
        }
        // The encoder may still hold the last picture's buffer: each gets its own.
        const int width = scaled_->width;
        const int height = scaled_->height;
        av_frame_unref(scaled_.get());
        scaled_->format = AV_PIX_FMT_YUV420P;
        scaled_->width = width;
        scaled_->height = height;
        const int result = av_frame_get_buffer(scaled_.get(), 0);
        if (result < 0) raise("a picture's memory", result);
        sws_scale(scaler_.get(), decoded_->data, decoded_->linesize, 0, decoded_->height,
                  scaled_->data, scaled_->linesize);
        scaled_->pts = last_us_;
        if (options_.wants_key && options_.wants_key->exchange(false))
            scaled_->pict_type = AV_PICTURE_TYPE_I;
    }

    /// Cuts the picture, in the middle, to the ratio of the encoded size.
    void crop() {
        const auto wanted = static_cast<double>(size_.width) / size_.height;
        const auto width = static_cast<double>(decoded_->width);
        const auto height = static_cast<double>(decoded_->height);
        if (width / height > wanted) {
            const auto cut = static_cast<std::size_t>((width - height * wanted) / 2);
            decoded_->crop_left = decoded_->crop_right = cut & ~std::size_t{1};
        } else {
            const auto cut = static_cast<std::size_t>((height - width / wanted) / 2);
            decoded_->crop_top = decoded_->crop_bottom = cut & ~std::size_t{1};
        }
        const int result = av_frame_apply_cropping(decoded_.get(), AV_FRAME_CROP_UNALIGNED);
        if (result < 0) raise("crop", result);
    }

    Input input_;
    EncodeOptions options_;
    PacketPtr packet_;
    PacketPtr encoded_;
    FramePtr decoded_;
    FramePtr scaled_;
    CodecPtr decoder_;
    CodecPtr encoder_;
    PictureSize size_{};
    ScalerPtr scaler_;
    int source_width_ = 0;
    int source_height_ = 0;
    int source_format_ = -1;
    bool flushing_ = false;
    std::uint64_t pictures_ = 0;  ///< decoded
    std::int64_t last_us_ = -1;
    std::int64_t next_wanted_us_ = 0;
};

std::uint32_t even(double side) {
    return std::max<std::uint32_t>(16, static_cast<std::uint32_t>(std::lround(side / 2)) * 2);
}

}  // namespace

PictureSize encoded_size(std::uint32_t width, std::uint32_t height, const EncodeOptions& options) {
    if (options.width != 0 && options.height != 0) {
        return {even(options.width), even(options.height)};
    }
    if (options.aspect_width == 0 || options.aspect_height == 0) return {even(width), even(height)};
    const double ratio = static_cast<double>(options.aspect_width) / options.aspect_height;
    const double whole = static_cast<double>(width) / height;
    return whole > ratio ? PictureSize{even(height * ratio), even(height)}
                         : PictureSize{even(width), even(width / ratio)};
}

std::unique_ptr<PacketReader> encode_packets(Input input, const EncodeOptions& options) {
    return std::make_unique<EncodeReader>(std::move(input), options);
}

}  // namespace st::av
