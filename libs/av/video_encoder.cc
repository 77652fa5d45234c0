#include <algorithm>
#include <cmath>

#include "av/track_encoder.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace st::av {
namespace {

constexpr std::int64_t kBitrateMax = 6'000'000;
constexpr char kQuality[] = "23";  // x264's own default
constexpr int kSideMax = 8192;
constexpr std::int64_t kKeyIntervalUs = 1'000'000;

CodecPtr open_x264(int width, int height, AVRational frame_rate) {
    const AVCodec* encoder = avcodec_find_encoder_by_name("libx264");
    if (encoder == nullptr) throw Error("this libav has no libx264");
    CodecPtr codec(avcodec_alloc_context3(encoder));
    codec->width = width;
    codec->height = height;
    codec->pix_fmt = AV_PIX_FMT_YUV420P;
    codec->time_base = kMicrosecondBase;
    codec->framerate = frame_rate;
    // At most so many pictures: their times count, the rate is only what the input says.
    codec->gop_size = std::max(1, static_cast<int>(std::lround(av_q2d(frame_rate))));
    codec->max_b_frames = 0;
    codec->rc_max_rate = kBitrateMax;
    codec->rc_buffer_size = static_cast<int>(kBitrateMax);
    codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_opt_set(codec->priv_data, "preset", "veryfast", 0);
    av_opt_set(codec->priv_data, "tune", "zerolatency", 0);
    av_opt_set(codec->priv_data, "crf", kQuality, 0);
    av_opt_set(codec->priv_data, "forced-idr", "1", 0);
    const int result = avcodec_open2(codec.get(), encoder, nullptr);
    if (result < 0) raise("open libx264", result);
    return codec;
}

class VideoEncoder final : public TrackEncoder {
 public:
    VideoEncoder(const AVStream& stream, AVRational frame_rate)
        : time_base_(stream.time_base),
          decoder_(open_track_decoder(stream)),
          decoded_(av_frame_alloc()),
          scaled_(av_frame_alloc()) {
        const int width = stream.codecpar->width & ~1;
        const int height = stream.codecpar->height & ~1;
        if (width < 2 || height < 2 || width > kSideMax || height > kSideMax) {
            throw Error("pictures of " + std::to_string(stream.codecpar->width) + "x" +
                        std::to_string(stream.codecpar->height) + " cannot be encoded");
        }
        encoder_ = open_x264(width, height, frame_rate);
    }

    const AVCodecContext& codec() const override { return *encoder_; }

    void feed(const AVPacket* packet, const Sink& sink) override {
        // A damaged packet is the decoder's to skip: only what comes out counts.
        avcodec_send_packet(decoder_.get(), packet);
        while (avcodec_receive_frame(decoder_.get(), decoded_.get()) == 0) {
            if (set_time()) {
                scale();
                encode(scaled_.get(), sink);
            }
            av_frame_unref(decoded_.get());
        }
        if (packet == nullptr) encode(nullptr, sink);
    }

 private:
    /// False: not later than the picture before, which x264 does not take.
    bool set_time() {
        if (decoded_->best_effort_timestamp == AV_NOPTS_VALUE) return false;
        const std::int64_t us =
            av_rescale_q(decoded_->best_effort_timestamp, time_base_, kMicrosecondBase);
        if (us <= last_us_) return false;
        last_us_ = us;
        return true;
    }

    void scale() {
        scaler_.reset(sws_getCachedContext(scaler_.release(), decoded_->width, decoded_->height,
                                           static_cast<AVPixelFormat>(decoded_->format),
                                           encoder_->width, encoder_->height, AV_PIX_FMT_YUV420P,
                                           SWS_BILINEAR, nullptr, nullptr, nullptr));
        if (!scaler_) throw Error("the pictures cannot be converted to YUV 4:2:0");
        av_frame_unref(scaled_.get());  // the encoder may still hold the last one's buffer
        scaled_->format = AV_PIX_FMT_YUV420P;
        scaled_->width = encoder_->width;
        scaled_->height = encoder_->height;
        const int result = av_frame_get_buffer(scaled_.get(), 0);
        if (result < 0) raise("a picture's memory", result);
        sws_scale(scaler_.get(), decoded_->data, decoded_->linesize, 0, decoded_->height,
                  scaled_->data, scaled_->linesize);
        scaled_->pts = last_us_;
        if (last_us_ - key_us_ >= kKeyIntervalUs) scaled_->pict_type = AV_PICTURE_TYPE_I;
    }

    void encode(const AVFrame* frame, const Sink& sink) {
        const int result = avcodec_send_frame(encoder_.get(), frame);
        if (result < 0) raise("encode", result);
        take_encoded(*encoder_, [&](AVPacket& packet) {
            if ((packet.flags & AV_PKT_FLAG_KEY) != 0) key_us_ = packet.pts;
            sink(packet);
        });
    }

    const AVRational time_base_;
    CodecPtr decoder_;
    CodecPtr encoder_;
    FramePtr decoded_;
    FramePtr scaled_;
    ScalerPtr scaler_;
    std::int64_t last_us_ = INT64_MIN;
    std::int64_t key_us_ = 0;  ///< of the last key frame; the first picture is one in any case
};

}  // namespace

std::unique_ptr<TrackEncoder> encode_video(const AVStream& stream, AVRational frame_rate) {
    return std::make_unique<VideoEncoder>(stream, frame_rate);
}

}  // namespace st::av
