#include <algorithm>
#include <cstdlib>

#include "av/track_encoder.h"

extern "C" {
#include <libavutil/audio_fifo.h>
#include <libavutil/channel_layout.h>
#include <libswresample/swresample.h>
}

namespace st::av {
namespace {

constexpr std::int64_t kBitratePerChannel = 64'000;
constexpr int kFallbackRate = 48'000;
/// Less is the jitter of the sender's clock, more a hole or a jump.
constexpr std::int64_t kHoleUs = 100'000;

struct FreeResampler {
    void operator()(SwrContext* resampler) const { swr_free(&resampler); }
};

struct FreeFifo {
    void operator()(AVAudioFifo* fifo) const { av_audio_fifo_free(fifo); }
};

/// The input's rate, if AAC has it.
int rate_of(const AVCodec& encoder, int rate) {
    for (const int* at = encoder.supported_samplerates; at != nullptr && *at != 0; ++at) {
        if (*at == rate) return rate;
    }
    return kFallbackRate;
}

CodecPtr open_aac(int rate, int channels) {
    const AVCodec* encoder = avcodec_find_encoder(AV_CODEC_ID_AAC);
    if (encoder == nullptr) throw Error("this libav has no AAC encoder");
    CodecPtr codec(avcodec_alloc_context3(encoder));
    codec->sample_rate = rate_of(*encoder, rate);
    codec->sample_fmt = AV_SAMPLE_FMT_FLTP;
    av_channel_layout_default(&codec->ch_layout, std::clamp(channels, 1, 2));
    codec->bit_rate = kBitratePerChannel * codec->ch_layout.nb_channels;
    codec->time_base = {1, codec->sample_rate};
    codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    const int result = avcodec_open2(codec.get(), encoder, nullptr);
    if (result < 0) raise("open the AAC encoder", result);
    return codec;
}

class AudioEncoder final : public TrackEncoder {
 public:
    explicit AudioEncoder(const AVStream& stream)
        : time_base_(stream.time_base),
          decoder_(open_track_decoder(stream)),
          encoder_(open_aac(stream.codecpar->sample_rate, stream.codecpar->ch_layout.nb_channels)),
          decoded_(av_frame_alloc()),
          fifo_(av_audio_fifo_alloc(encoder_->sample_fmt, encoder_->ch_layout.nb_channels,
                                    2 * encoder_->frame_size)) {}

    const AVCodecContext& codec() const override { return *encoder_; }

    void feed(const AVPacket* packet, const Sink& sink) override {
        avcodec_send_packet(decoder_.get(), packet);
        while (avcodec_receive_frame(decoder_.get(), decoded_.get()) == 0) {
            resample(*decoded_);
            encode_whole_frames(sink);
            av_frame_unref(decoded_.get());
        }
        if (packet != nullptr) return;
        const int result = avcodec_send_frame(encoder_.get(), nullptr);
        if (result < 0) raise("encode sound", result);
        take(sink);
    }

 private:
    void resample(AVFrame& frame) {
        if (frame.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) {
            av_channel_layout_default(&frame.ch_layout, frame.ch_layout.nb_channels);
        }
        if (!resampler_ || frame.format != format_ || frame.sample_rate != rate_ ||
            frame.ch_layout.nb_channels != channels_) {
            open_resampler(frame);
        }
        follow_time(frame);
        const int room = swr_get_out_samples(resampler_.get(), frame.nb_samples);
        if (room < 0) raise("resample", room);
        const FramePtr out = new_frame(std::max(room, 1));
        const int got =
            swr_convert(resampler_.get(), out->extended_data, room,
                        const_cast<const std::uint8_t**>(frame.extended_data), frame.nb_samples);
        if (got < 0) raise("resample", got);
        const int kept =
            av_audio_fifo_write(fifo_.get(), reinterpret_cast<void**>(out->extended_data), got);
        if (kept < 0) raise("memory for sound", kept);
    }

    void open_resampler(AVFrame& frame) {
        format_ = frame.format;
        rate_ = frame.sample_rate;
        channels_ = frame.ch_layout.nb_channels;
        SwrContext* raw = nullptr;
        int result = swr_alloc_set_opts2(&raw, &encoder_->ch_layout, encoder_->sample_fmt,
                                         encoder_->sample_rate, &frame.ch_layout,
                                         static_cast<AVSampleFormat>(format_), rate_, 0, nullptr);
        resampler_.reset(raw);
        if (result >= 0) result = swr_init(raw);
        if (result < 0) raise("set up the resampler", result);
    }

    /// The next sample's time: counted on, unless the input shows a hole.
    void follow_time(const AVFrame& frame) {
        if (frame.best_effort_timestamp == AV_NOPTS_VALUE) return;
        const std::int64_t us =
            av_rescale_q(frame.best_effort_timestamp, time_base_, kMicrosecondBase);
        const std::int64_t waiting = av_audio_fifo_size(fifo_.get());
        const std::int64_t expected_us =
            av_rescale_q(next_ + waiting, encoder_->time_base, kMicrosecondBase);
        if (has_time_ && std::llabs(us - expected_us) <= kHoleUs) return;
        next_ = av_rescale_q(us, kMicrosecondBase, encoder_->time_base) - waiting;
        has_time_ = true;
    }

    FramePtr new_frame(int samples) const {
        FramePtr frame(av_frame_alloc());
        frame->format = encoder_->sample_fmt;
        frame->nb_samples = samples;
        frame->sample_rate = encoder_->sample_rate;
        av_channel_layout_copy(&frame->ch_layout, &encoder_->ch_layout);
        const int result = av_frame_get_buffer(frame.get(), 0);
        if (result < 0) raise("memory for sound", result);
        return frame;
    }

    void encode_whole_frames(const Sink& sink) {
        const int size = encoder_->frame_size;
        while (av_audio_fifo_size(fifo_.get()) >= size) {
            const FramePtr frame = new_frame(size);
            av_audio_fifo_read(fifo_.get(), reinterpret_cast<void**>(frame->extended_data), size);
            frame->pts = next_;
            next_ += size;
            const int result = avcodec_send_frame(encoder_.get(), frame.get());
            if (result < 0) raise("encode sound", result);
            take(sink);
        }
    }

    void take(const Sink& sink) {
        take_encoded(*encoder_, [&](AVPacket& packet) {
            av_packet_rescale_ts(&packet, encoder_->time_base, kMicrosecondBase);
            sink(packet);
        });
    }

    const AVRational time_base_;
    CodecPtr decoder_;
    CodecPtr encoder_;
    FramePtr decoded_;
    std::unique_ptr<SwrContext, FreeResampler> resampler_;
    std::unique_ptr<AVAudioFifo, FreeFifo> fifo_;  ///< until a frame is whole
    int format_ = -1;
    int rate_ = 0;
    int channels_ = 0;
    bool has_time_ = false;
    std::int64_t next_ = 0;  ///< time of the fifo's first sample, in samples
};

}  // namespace

std::unique_ptr<TrackEncoder> encode_audio(const AVStream& stream) {
    return std::make_unique<AudioEncoder>(stream);
}

}  // namespace st::av
