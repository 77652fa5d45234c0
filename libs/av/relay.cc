#include "av/relay.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "av/closed_steps.h"
#include "av/handles.h"
#include "av/pace.h"
#include "av/track_encoder.h"
#include "base/clock.h"
#include "media/nal.h"

extern "C" {
#include <libavdevice/avdevice.h>
#include <libavutil/avstring.h>
}

namespace st::av {
namespace {

/// An FLV header may promise a track that never comes; other formats name theirs.
constexpr std::int64_t kFlvAnalyzeUs = 1'000'000;
/// Of a bare stream; of JPEGs one behind the other libav always looks at as much.
constexpr std::int64_t kBareProbeBytes = std::int64_t{1} << 20;
/// How long one track waits for the other, so that both go out in the order of their times.
constexpr std::int64_t kInterleaveUs = 200'000;

/// The stream cannot be written any more: that ends all tracks.
class OutputError final : public Error {
 public:
    using Error::Error;
};

[[noreturn]] void raise_output(int code) {
    try {
        raise("write", code);
    } catch (const Error& error) {
        throw OutputError(error.what());
    }
}

bool is_device(const std::string& name) {
    for (const AVInputFormat* at = nullptr; (at = av_input_video_device_next(at)) != nullptr;) {
        if (av_match_name(name.c_str(), at->name) != 0) return true;
    }
    for (const AVInputFormat* at = nullptr; (at = av_input_audio_device_next(at)) != nullptr;) {
        if (av_match_name(name.c_str(), at->name) != 0) return true;
    }
    return false;
}

/// Files play as long as they last; lavfi makes pictures as fast as it can.
bool needs_pace(const AVFormatContext& input, const SourceUrl& source) {
    if (!source.device.empty()) return source.device == "lavfi";
    if (source.url.starts_with("pipe:")) return false;
    const bool can_seek = input.pb != nullptr && (input.pb->seekable & AVIO_SEEKABLE_NORMAL) != 0;
    return can_seek || (input.duration != AV_NOPTS_VALUE && input.duration > 0);
}

/// libav counts what has no times by a rate of its own, or leaves them out.
constexpr char kBareFormats[] = "h264,hevc,h261,h263,m4v,mpegvideo,vc1,cavsvideo,obu";

/// Where the times of pictures come from.
enum class Times : std::uint8_t {
    input,
    arrivals,  ///< the input has none, and comes as it is made: a bare stream, MJPEG over HTTP
    counted,   ///< a file without: by its rate
};

Times times_of(const AVFormatContext& input, bool is_paced) {
    const std::string_view name = input.iformat->name;
    const bool is_bare = (input.iformat->flags & AVFMT_NOTIMESTAMPS) != 0 ||
                         av_match_name(input.iformat->name, kBareFormats) != 0 ||
                         name.ends_with("_pipe");  // pictures one behind the other
    if (!is_bare) return Times::input;
    return is_paced ? Times::counted : Times::arrivals;
}

InputPtr open_input(const SourceUrl& source) {
    const AVInputFormat* device = nullptr;
    if (!source.device.empty()) {
        device = av_find_input_format(source.device.c_str());
        if (device == nullptr) throw Error("no device is called " + source.device);
    }
    AVDictionary* options = nullptr;
    // RTP over UDP does not come through most gateways, nor whole through a busy network.
    if (source.url.starts_with("rtsp")) av_dict_set(&options, "rtsp_flags", "prefer_tcp", 0);
    AVFormatContext* raw = nullptr;
    int result = avformat_open_input(&raw, source.url.c_str(), device, &options);
    av_dict_free(&options);
    if (result < 0) raise("open " + source.url, result);
    InputPtr input(raw);
    if (std::string_view(input->iformat->name).find("flv") != std::string_view::npos) {
        input->max_analyze_duration = kFlvAnalyzeUs;
    }
    if (times_of(*input, needs_pace(*input, source)) == Times::arrivals) {
        // Pictures that are looked at first, for times and a rate that nobody says, come late.
        input->max_ts_probe = 0;
        input->fps_probe_size = 0;
        input->probesize = kBareProbeBytes;
    }
    result = avformat_find_stream_info(input.get(), nullptr);
    if (result < 0) raise("read " + source.url, result);
    return input;
}

/// FLV on a descriptor, each packet at once.
class Output {
 public:
    explicit Output(int fd) {
        AVFormatContext* raw = nullptr;
        int result = avformat_alloc_output_context2(&raw, nullptr, "flv", nullptr);
        if (result < 0) raise("make an FLV stream", result);
        context_.reset(raw);
        result = avio_open(&context_->pb, ("pipe:" + std::to_string(fd)).c_str(), AVIO_FLAG_WRITE);
        if (result < 0) raise("open the output", result);
        context_->flags |= AVFMT_FLAG_FLUSH_PACKETS;
        context_->max_interleave_delta = kInterleaveUs;
    }

    /// Returns the track's number.
    int add(const AVCodecParameters& codec) {
        AVStream* stream = avformat_new_stream(context_.get(), nullptr);
        if (stream == nullptr) throw Error("make an FLV stream: no memory");
        const int result = avcodec_parameters_copy(stream->codecpar, &codec);
        if (result < 0) raise("make an FLV stream", result);
        stream->codecpar->codec_tag = 0;  // the input's container's
        return stream->index;
    }

    void begin() {
        AVDictionary* options = nullptr;
        av_dict_set(&options, "flvflags", "no_duration_filesize", 0);
        const int result = avformat_write_header(context_.get(), &options);
        av_dict_free(&options);
        if (result < 0) raise("write", result);
    }

    /// Takes the packet's bytes; times in `time_base`, of any zero.
    void write(AVPacket& packet, int track, AVRational time_base) {
        packet.stream_index = track;
        packet.pos = -1;
        av_packet_rescale_ts(&packet, time_base, context_->streams[track]->time_base);
        const int result = av_interleaved_write_frame(context_.get(), &packet);
        // Before the first time of all: that packet is lost, the stream goes on.
        if (result < 0 && result != AVERROR(EINVAL) && result != AVERROR_INVALIDDATA) {
            raise_output(result);
        }
    }

    void end() { av_write_trailer(context_.get()); }

 private:
    struct Free {
        void operator()(AVFormatContext* context) const {
            avio_closep(&context->pb);
            avformat_free_context(context);
        }
    };
    std::unique_ptr<AVFormatContext, Free> context_;
};

/// Of a picture as Annex B.
bool has_sps(const AVPacket& packet) {
    const Bytes annex_b(packet.data, static_cast<std::size_t>(packet.size));
    media::NalWalker walker(annex_b);
    for (media::NalSpan nal{}; walker.next(nal);) {
        if (nal.end > nal.begin && media::nal_type(annex_b[nal.begin]) == media::NalType::sps) {
            return true;
        }
    }
    return false;
}

/// One track on its way from the input to the output.
class Route {
 public:
    Route(AVFormatContext& input, int index, Output& output, Times times)
        : stream_(*input.streams[index]), output_(output), rate_(frame_rate(input)), times_(times) {
        const bool is_video = stream_.codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
        if (!is_video) times_ = Times::input;
        // Of libav's own making, and as coarse as the rate it supposes.
        if (times_ != Times::input) stream_.time_base = kMicrosecondBase;
        if (is_copied(is_video)) {
            copy(is_video);
            return;
        }
        encoder_ = is_video ? encode_video(stream_, rate_) : encode_audio(stream_);
        const Parameters made(avcodec_parameters_alloc());
        const int result = avcodec_parameters_from_context(made.get(), &encoder_->codec());
        if (result < 0) raise("set up the encoder", result);
        track_ = output_.add(*made);
    }

    int input_index() const { return stream_.index; }

    /// Makes up for the times that the packet has not. Returns when it is to be decoded; nothing if
    /// nobody knows.
    std::int64_t complete_times(AVPacket& packet, ClosedSteps& steps) {
        if (times_ == Times::arrivals) packet.dts = (monotonic_ns() - began_ns_) / 1000;
        if (times_ == Times::counted) {
            packet.dts = av_rescale_q(count_++, av_inv_q(rate_), kMicrosecondBase);
        }
        if (times_ != Times::input) packet.pts = AV_NOPTS_VALUE;
        const std::int64_t time = packet.dts != AV_NOPTS_VALUE ? packet.dts : packet.pts;
        if (time == AV_NOPTS_VALUE) return AV_NOPTS_VALUE;
        const std::int64_t us = av_rescale_q(time, stream_.time_base, kMicrosecondBase);
        const std::int64_t shift_us = steps.shift_us(static_cast<std::size_t>(track_), us);
        const std::int64_t shift = av_rescale_q(shift_us, kMicrosecondBase, stream_.time_base);
        if (packet.dts != AV_NOPTS_VALUE) packet.dts += shift;
        if (packet.pts != AV_NOPTS_VALUE) packet.pts += shift;
        return us + shift_us;
    }

    void pass(AVPacket& packet) {
        if (encoder_) return encoder_->feed(&packet, sink());
        if (packet.dts == AV_NOPTS_VALUE) packet.dts = packet.pts;
        if (packet.dts == AV_NOPTS_VALUE) return note_untimed();
        if (awaits_sets_ && !has_sps(packet)) return;
        awaits_sets_ = false;
        // An FLV tag has a decoding time, which never goes back within a track.
        packet.dts = last_dts_ = std::max(packet.dts, last_dts_);
        packet.pts = packet.pts == AV_NOPTS_VALUE ? packet.dts : std::max(packet.pts, packet.dts);
        output_.write(packet, track_, stream_.time_base);
    }
    void finish() {
        if (encoder_) encoder_->feed(nullptr, sink());
    }

 private:
    struct FreeParameters {
        void operator()(AVCodecParameters* codec) const { avcodec_parameters_free(&codec); }
    };
    using Parameters = std::unique_ptr<AVCodecParameters, FreeParameters>;

    bool is_copied(bool is_video) const {
        const AVCodecParameters& codec = *stream_.codecpar;
        if (codec.codec_id != (is_video ? AV_CODEC_ID_H264 : AV_CODEC_ID_AAC)) return false;
        // Where pictures change places, only a decoder knows when those without times are shown.
        return times_ != Times::counted || codec.video_delay == 0;
    }

    void copy(bool is_video) {
        const Parameters codec(avcodec_parameters_alloc());
        const int result = avcodec_parameters_copy(codec.get(), stream_.codecpar);
        if (result < 0) raise("make an FLV stream", result);
        if (!is_video && codec->sample_rate <= 0) throw Error("sound of no known rate");
        // Parameter sets may come later; without a size the muxer would refuse all tracks.
        if (is_video && (codec->width <= 0 || codec->height <= 0)) {
            codec->width = codec->height = 16;
            awaits_sets_ = true;
        }
        track_ = output_.add(*codec);
    }

    TrackEncoder::Sink sink() {
        return [this](AVPacket& packet) { output_.write(packet, track_, kMicrosecondBase); };
    }

    AVRational frame_rate(AVFormatContext& input) const {
        const AVRational rate = av_guess_frame_rate(&input, input.streams[stream_.index], nullptr);
        const double fps = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
        return fps >= 0.1 && fps <= 240 ? rate : AVRational{25, 1};
    }

    void note_untimed() {
        if (std::exchange(has_untimed_, true)) return;
        std::fprintf(stderr, "track %d: packets without a time are left out\n", stream_.index);
    }

    AVStream& stream_;
    Output& output_;
    const AVRational rate_;
    Times times_;
    std::unique_ptr<TrackEncoder> encoder_;  ///< none: copied
    int track_ = 0;
    const std::int64_t began_ns_ = monotonic_ns();
    std::int64_t count_ = 0;  ///< packets, where they are counted
    std::int64_t last_dts_ = INT64_MIN;
    bool has_untimed_ = false;
    bool awaits_sets_ = false;  ///< pictures that nobody can decode would keep the sound waiting
};

class Relay {
 public:
    Relay(const SourceUrl& source, int output_fd)
        : input_(open_input(source)),
          output_(output_fd),
          is_paced_(needs_pace(*input_, source)),
          pace_(is_paced_) {
        const int video = av_find_best_stream(input_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
        const int audio =
            av_find_best_stream(input_.get(), AVMEDIA_TYPE_AUDIO, -1, video, nullptr, 0);
        for (unsigned i = 0; i < input_->nb_streams; ++i) {
            input_->streams[i]->discard = AVDISCARD_ALL;
        }
        if (video >= 0) add(video);
        if (audio >= 0) add(audio);
        if (routes_.empty()) {
            throw Error(source.url + ": " +
                        (refusal_.empty() ? "neither video nor sound in it" : refusal_));
        }
        output_.begin();
    }

    void run() {
        const PacketPtr packet(av_packet_alloc());
        const PacketPtr doubtful(av_packet_alloc());
        for (;;) {
            const int got = av_read_frame(input_.get(), packet.get());
            if (got == AVERROR_EOF) break;
            if (got == AVERROR(EAGAIN)) {  // a device without a picture yet
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
                continue;
            }
            if (got < 0) raise("read", got);
            // What is not whole may be the last piece of an input that broke off: then it is none.
            if (doubtful->size > 0) pass(*doubtful);
            av_packet_unref(doubtful.get());
            if ((packet->flags & AV_PKT_FLAG_CORRUPT) != 0) {
                av_packet_move_ref(doubtful.get(), packet.get());
                continue;
            }
            pass(*packet);
            av_packet_unref(packet.get());
        }
        for (const auto& route : routes_) route->finish();
        output_.end();
    }

 private:
    void add(int index) {
        try {
            routes_.push_back(
                std::make_unique<Route>(*input_, index, output_, times_of(*input_, is_paced_)));
            input_->streams[index]->discard = AVDISCARD_DEFAULT;
        } catch (const Error& error) {
            refusal_ = error.what();
            std::fprintf(stderr, "track %d is left out: %s\n", index, error.what());
        }
    }

    /// A track that cannot be used any more does not end the others.
    void drop(const Route& route, const Error& error) {
        if (routes_.size() == 1) throw error;
        std::fprintf(stderr, "track %d is left out: %s\n", route.input_index(), error.what());
        input_->streams[route.input_index()]->discard = AVDISCARD_ALL;
        std::erase_if(routes_, [&route](const auto& one) { return one.get() == &route; });
    }

    void pass(AVPacket& packet) {
        for (const auto& route : routes_) {
            if (packet.stream_index != route->input_index()) continue;
            const std::int64_t us = route->complete_times(packet, steps_);
            if (us != AV_NOPTS_VALUE) std::this_thread::sleep_for(pace_.wait(us, monotonic_ns()));
            try {
                route->pass(packet);
            } catch (const OutputError&) {
                throw;
            } catch (const Error& error) {
                drop(*route, error);
            }
            return;
        }
    }

    InputPtr input_;
    Output output_;
    const bool is_paced_;
    Pace pace_;
    ClosedSteps steps_;
    std::vector<std::unique_ptr<Route>> routes_;
    std::string refusal_;  ///< of the last track that was left out
};

}  // namespace

SourceUrl parse_source_url(const std::string& text) {
    avdevice_register_all();
    const std::size_t colon = text.find(':');
    if (colon != std::string::npos && is_device(text.substr(0, colon))) {
        return {text.substr(0, colon), text.substr(colon + 1)};
    }
    return {"", text};
}

void relay(const SourceUrl& source, int output_fd) {
    avdevice_register_all();
    avformat_network_init();
    Relay(source, output_fd).run();
}

}  // namespace st::av
