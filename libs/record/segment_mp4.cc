#include "media/aac_config.h"
#include "mp4/segment_writer.h"
#include "record/segment_output.h"

namespace st::record {
namespace {

class Mp4Segment final : public SegmentOutput {
 public:
    explicit Mp4Segment(mp4::SegmentWriter writer) : writer_(std::move(writer)) {}
    void add(const media::PacketPtr& packet) override { writer_.add(packet); }
    void end(std::optional<std::int64_t> next_picture_ms) override { writer_.end(next_picture_ms); }
    void flush() override { writer_.flush(); }
    std::vector<media::PacketPtr> unwritten() const override { return writer_.unwritten(); }

 private:
    mp4::SegmentWriter writer_;
};

}  // namespace

std::optional<mp4::SoundClock> sound_clock_of(const media::PacketPtr& audio) {
    if (!audio || audio->codec != media::Codec::aac) return std::nullopt;
    const auto config = media::parse_aac_config(audio->payload.bytes());
    if (!config) return std::nullopt;
    return mp4::SoundClock(config->sample_rate, config->frame_samples());
}

Result<std::unique_ptr<SegmentOutput>> begin_mp4_segment(mp4::SegmentFile& file,
                                                         mp4::SegmentMark mark,
                                                         const SegmentHeaders& headers,
                                                         mp4::SoundClock* sound,
                                                         std::int64_t fragment_ms) {
    mp4::SegmentTracks tracks;
    // What the form does not hold is no track of it.
    if (headers.video && headers.video->codec == media::Codec::h264) tracks.video = headers.video;
    if (headers.audio && sound != nullptr) {
        tracks.audio = headers.audio;
        tracks.sound = sound;
        const auto config = media::parse_aac_config(headers.audio->payload.bytes());
        if (config) tracks.audio_channels = config->channels;
    }
    if (!tracks.video && !tracks.audio) return Error{"it has neither H.264 nor AAC"};
    auto writer = mp4::SegmentWriter::begin(file, std::move(mark), tracks, fragment_ms);
    if (!writer) return writer.error();
    return std::unique_ptr<SegmentOutput>(std::make_unique<Mp4Segment>(*std::move(writer)));
}

}  // namespace st::record
