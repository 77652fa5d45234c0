#include "av/input.h"

extern "C" {
#include <libavdevice/avdevice.h>
#include <libavutil/display.h>
#include <libavutil/log.h>
#include <libavutil/parseutils.h>
}

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <string_view>
#include <vector>

#include "av/demuxer.h"
#include "base/secrets.h"
#include "media/access_unit.h"
#include "media/avc_config.h"
#include "media/nal.h"

namespace st::av {
namespace {

constexpr std::array<std::uint8_t, 4> kStartCode = {0, 0, 0, 1};

/// `url` as messages name it.
std::string shown(const std::string& url) {
    return without_passwords(std::vector<std::string>{url});
}

int interrupted(void* stop) { return static_cast<const std::atomic<bool>*>(stop)->load() ? 1 : 0; }

/// Devices and streams have no end that could be sought.
bool is_live_source(const AVFormatContext& format) {
    if ((format.iformat->flags & AVFMT_NOFILE) != 0) return true;
    return format.pb == nullptr || (format.pb->seekable & AVIO_SEEKABLE_NORMAL) == 0;
}

void append_nal(Buffer& out, Bytes nal) {
    out.append(kStartCode);
    out.append(nal);
}

bool is_parameter_set(Bytes nal) {
    const auto type = media::nal_type(nal[0]);
    return type == media::NalType::sps || type == media::NalType::pps ||
           type == media::NalType::sps_extension;
}

/// The parameter sets of an avcC; 0 if `avcc` is not one, else the size of the length before each
/// NAL unit.
unsigned read_avcc(Bytes avcc, Buffer& sets) {
    const auto config = media::parse_avc_config(avcc);
    if (!config) return 0;
    for (const Bytes sps : config->sps) append_nal(sets, sps);
    for (const Bytes pps : config->pps) append_nal(sets, pps);
    return config->length_bytes;
}

/// NAL units behind lengths -> behind start codes.
void to_annex_b(Bytes bytes, unsigned length_bytes, Buffer& out) {
    while (bytes.size() > length_bytes) {
        std::size_t size = 0;
        for (unsigned i = 0; i < length_bytes; ++i) size = size << 8 | bytes[i];
        bytes = bytes.subspan(length_bytes);
        if (size > bytes.size()) throw Error("a NAL unit is longer than its packet");
        if (size > 0) append_nal(out, bytes.first(size));
        bytes = bytes.subspan(size);
    }
}

/// The parameter sets in `unit` go into `sets`; returns the rest.
Buffer split_configuration(Bytes unit, Buffer& sets) {
    media::NalWalker walker(unit);
    Buffer rest;
    media::NalSpan nal{};
    while (walker.next(nal)) {
        const Bytes bytes = unit.subspan(nal.begin, nal.end - nal.begin);
        append_nal(is_parameter_set(bytes) ? sets : rest, bytes);
    }
    return rest;
}

/// Display times for a stream that has none: the rank of each picture among those of its sequence.
class RankTimes {
 public:
    explicit RankTimes(double fps) : picture_us_(1e6 / fps) {}

    /// Parameter sets that do not stand in a packet.
    void learn(Bytes sets) {
        media::NalWalker walker(sets);
        for (media::NalSpan nal{}; walker.next(nal);) {
            units_.feed(sets.subspan(nal.begin, nal.end - nal.begin));
        }
    }

    /// Takes the next packet; packets with times come out of pop().
    void push(EncodedPacket packet) {
        media::NalWalker walker(packet.bytes.bytes());
        media::NalSpan nal{};
        std::int32_t order = held_.empty() ? 0 : held_.back().order + 1;
        bool begins = false;
        while (walker.next(nal)) {
            const auto bytes = packet.bytes.bytes().subspan(nal.begin, nal.end - nal.begin);
            if (units_.feed(bytes) != media::Role::first_slice) continue;
            order = units_.picture().order;
            begins = begins || units_.picture().begins_sequence;
        }
        if (begins || held_.size() >= kHeldMax) release();
        held_.push_back({std::move(packet), order});
    }
    /// No more packets will come.
    void finish() { release(); }

    bool pop(EncodedPacket& out) {
        if (ready_.empty()) return false;
        out = std::move(ready_.front());
        ready_.pop_front();
        return true;
    }

 private:
    // A sequence without end (no IDR) is timed in parts; pictures reorder over 16 at most.
    static constexpr std::size_t kHeldMax = 2048;
    struct Held {
        EncodedPacket packet;
        std::int32_t order;
    };

    void release() {
        std::vector<std::int32_t> orders;
        orders.reserve(held_.size());
        for (const Held& held : held_) orders.push_back(held.order);
        std::sort(orders.begin(), orders.end());
        for (Held& held : held_) {
            const auto rank = std::lower_bound(orders.begin(), orders.end(), held.order);
            const auto place = static_cast<double>(done_ + (rank - orders.begin()));
            held.packet.pts_us = static_cast<std::int64_t>(place * picture_us_);
            ready_.push_back(std::move(held.packet));
        }
        done_ += static_cast<std::ptrdiff_t>(held_.size());
        held_.clear();
    }

    double picture_us_;
    media::AccessUnits units_;
    std::vector<Held> held_;  ///< of the sequence under way
    std::deque<EncodedPacket> ready_;
    std::ptrdiff_t done_ = 0;  ///< pictures released
};

class CopyReader final : public PacketReader {
 public:
    explicit CopyReader(Input input)
        : input_(std::move(input)), packet_(av_packet_alloc()), ranks_(input_.fps()) {
        const AVCodecParameters& codec = *input_.demuxer().stream->codecpar;
        const Bytes extra(codec.extradata, static_cast<std::size_t>(codec.extradata_size));
        length_bytes_ = read_avcc(extra, configuration_);
        if (length_bytes_ == 0) split_configuration(extra, extra_sets_);
        has_times_ = input_.demuxer().has_times;
    }

    bool next(EncodedPacket& out) override {
        while (!has_times_ && !ranks_.pop(out)) {
            EncodedPacket packet;
            if (read(packet))
                ranks_.push(std::move(packet));
            else if (std::exchange(ended_, true))
                return false;
            else
                ranks_.finish();
        }
        return !has_times_ || read(out);
    }

    Bytes configuration() const override { return configuration_.bytes(); }

 private:
    bool read(EncodedPacket& out) {
        do {
            av_packet_unref(packet_.get());
            if (!input_.demuxer().read(*packet_)) return false;
            const Bytes bytes(packet_->data, static_cast<std::size_t>(packet_->size));
            out.bytes.clear();
            if (length_bytes_ > 0)
                to_annex_b(bytes, length_bytes_, out.bytes);
            else
                out.bytes.append(bytes);
            if (configuration_.empty()) find_configuration(out.bytes);
        } while (out.bytes.empty());
        if (packet_->pts != AV_NOPTS_VALUE)
            out.pts_us = input_.demuxer().to_us(packet_->pts);
        else if (packet_->dts != AV_NOPTS_VALUE)
            out.pts_us = input_.demuxer().to_us(packet_->dts);
        else
            out.pts_us = last_pts_us_ + static_cast<std::int64_t>(1e6 / input_.fps());
        last_pts_us_ = out.pts_us;
        out.is_key = (packet_->flags & AV_PKT_FLAG_KEY) != 0;
        return true;
    }

    /// Annex B: in the stream, else what was said of it before (an SDP).
    void find_configuration(Buffer& unit) {
        Buffer rest = split_configuration(unit.bytes(), configuration_);
        if (!configuration_.empty())
            unit = std::move(rest);
        else
            configuration_.append(extra_sets_.bytes());
        ranks_.learn(configuration_.bytes());
    }

    Input input_;
    PacketPtr packet_;
    Buffer configuration_;
    Buffer extra_sets_;
    unsigned length_bytes_ = 0;  ///< 0: Annex B already
    bool has_times_ = true;
    bool ended_ = false;
    std::int64_t last_pts_us_ = 0;
    RankTimes ranks_;
};

double nominal_fps(AVFormatContext& format, AVStream& stream, const InputOptions& options) {
    AVRational given{};
    const std::string_view name = format.iformat->name;
    const bool is_given =
        name == "h264" && av_parse_video_rate(&given, options.framerate.c_str()) == 0;
    const AVRational rate = is_given ? given : av_guess_frame_rate(&format, &stream, nullptr);
    const double fps = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 25;
    return fps >= 0.01 && fps <= 1000 ? fps : 25;
}

}  // namespace

bool Demuxer::read(AVPacket& packet) {
    if (!std::exchange(has_begun_, true) && has_times) read_untimed();
    if (begin_.empty()) return read_next(packet);
    av_packet_move_ref(&packet, begin_.front().get());
    begin_.pop_front();
    return true;
}

void Demuxer::read_untimed() {
    constexpr std::size_t kUntimedMax = 64;
    std::int64_t first = AV_NOPTS_VALUE;
    while (first == AV_NOPTS_VALUE && begin_.size() < kUntimedMax) {
        PacketPtr packet(av_packet_alloc());
        if (!read_next(*packet)) break;
        first = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
        begin_.push_back(std::move(packet));
    }
    if (first == AV_NOPTS_VALUE) return;
    const std::int64_t step = std::max<std::int64_t>(
        1, av_rescale_q(static_cast<std::int64_t>(1e6 / fps), {1, 1'000'000}, stream->time_base));
    for (auto at = begin_.rbegin() + 1; at < begin_.rend(); ++at) {
        first -= step;
        (*at)->pts = first;
        (*at)->dts = first;
        start = std::min(start, first);
    }
}

bool Demuxer::read_next(AVPacket& packet) {
    for (;;) {
        const int got = av_read_frame(format, &packet);
        if (got == AVERROR_EOF) return false;
        if (got < 0) raise("read " + shown(format->url), got);
        if (packet.stream_index == stream->index && packet.size > 0) return true;
        av_packet_unref(&packet);
    }
}

void destroy(Demuxer* demuxer) {
    avformat_close_input(&demuxer->format);
    delete demuxer;
}

Input::Input(const std::string& url, const InputOptions& options, const std::atomic<bool>& stop)
    : demuxer_(new Demuxer) {
    avdevice_register_all();
    const AVInputFormat* wanted = nullptr;
    if (!options.format.empty()) {
        wanted = av_find_input_format(options.format.c_str());
        if (wanted == nullptr) throw Error("no input format is called " + options.format);
    }
    Demuxer& demuxer = *demuxer_;
    demuxer.stop = &stop;
    demuxer.format = avformat_alloc_context();
    demuxer.format->interrupt_callback = {interrupted, const_cast<std::atomic<bool>*>(&stop)};
    AVDictionary* entries = nullptr;
    if (!options.size.empty()) av_dict_set(&entries, "video_size", options.size.c_str(), 0);
    if (!options.framerate.empty())
        av_dict_set(&entries, "framerate", options.framerate.c_str(), 0);
    int result = avformat_open_input(&demuxer.format, url.c_str(), wanted, &entries);
    av_dict_free(&entries);
    if (result < 0) raise_open("cannot open " + shown(url), result);
    result = avformat_find_stream_info(demuxer.format, nullptr);
    if (result < 0) raise("cannot read " + shown(url), result);
    const int index = av_find_best_stream(demuxer.format, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
    if (index < 0) throw Error("cannot open " + shown(url) + ": there is no video in it");
    demuxer.stream = demuxer.format->streams[index];
    for (unsigned i = 0; i < demuxer.format->nb_streams; ++i) {
        if (static_cast<int>(i) != index) demuxer.format->streams[i]->discard = AVDISCARD_ALL;
    }
    demuxer.is_live = is_live_source(*demuxer.format);
    demuxer.fps = nominal_fps(*demuxer.format, *demuxer.stream, options);
    demuxer.has_times = std::string_view(demuxer.format->iformat->name) != "h264";
    if (demuxer.stream->start_time != AV_NOPTS_VALUE) demuxer.start = demuxer.stream->start_time;
}

bool Input::is_h264() const { return demuxer_->stream->codecpar->codec_id == AV_CODEC_ID_H264; }
bool Input::is_live() const { return demuxer_->is_live; }
std::uint32_t Input::width() const {
    return static_cast<std::uint32_t>(demuxer_->stream->codecpar->width);
}
std::uint32_t Input::height() const {
    return static_cast<std::uint32_t>(demuxer_->stream->codecpar->height);
}
double Input::fps() const { return demuxer_->fps; }
int Input::rotation() const {
    const std::uint8_t* matrix =
        av_stream_get_side_data(demuxer_->stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr);
    if (matrix == nullptr) return 0;
    // libav counts anticlockwise; NaN, of a matrix that turns nothing, is no rotation.
    const double turned = -av_display_rotation_get(reinterpret_cast<const std::int32_t*>(matrix));
    return std::isnan(turned) ? 0 : (static_cast<int>(std::lround(turned)) + 360) % 360;
}

std::unique_ptr<PacketReader> copy_packets(Input input) {
    if (!input.is_h264()) throw Error("the video is not H.264");
    return std::make_unique<CopyReader>(std::move(input));
}

void set_log_verbose(bool verbose) { av_log_set_level(verbose ? AV_LOG_WARNING : AV_LOG_QUIET); }

}  // namespace st::av
