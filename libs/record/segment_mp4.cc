#include "media/aac_config.h"
#include "mp4/segment_writer.h"
#include "record/held_group.h"
#include "record/segment_output.h"

namespace st::record {
namespace {

class Mp4Segment final : public SegmentOutput {
 public:
    Mp4Segment(mp4::SegmentWriter writer, const mp4::SegmentFile& file,
               const mp4::SegmentTracks& tracks, std::int64_t fragment_ms)
        : writer_(std::move(writer)),
          file_(file),
          fragment_ms_(fragment_ms),
          has_video_(tracks.video != nullptr),
          clock_(tracks.sound) {
        note_clock();
    }

    void add(const media::PacketPtr& packet) override {
        held_.add(packet);
        const bool is_entry = packet->is_key || !has_video_;
        if (is_entry && held_.is_older_than(packet->dts_ms, fragment_ms_)) {
            entry_ = packet;
            writer_.end(packet->dts_ms);
            entry_.reset();
            held_.begin(file_.size(), packet->dts_ms);
            held_.add(packet);
            note_clock();
        }
        writer_.add(packet);
    }
    void end(std::optional<std::int64_t> next_picture_ms) override { writer_.end(next_picture_ms); }
    void flush() override { writer_.flush(); }
    void move_wall(std::int64_t by_us) override { writer_.move_wall(by_us); }
    std::size_t unwritten() const override { return writer_.unwritten().size(); }
    bool can_take_back() const override { return held_.can_take_back(); }
    Rest take_back() override {
        if (held_.can_take_back()) {
            if (clock_ != nullptr) *clock_ = *clock_then_;
            return {held_.keep_bytes(), held_.take()};
        }
        Rest rest{std::nullopt, writer_.unwritten()};
        if (entry_) rest.packets.push_back(std::move(entry_));
        return rest;
    }

 private:
    void note_clock() {
        if (clock_ != nullptr) clock_then_ = *clock_;
    }

    mp4::SegmentWriter writer_;
    const mp4::SegmentFile& file_;
    const std::int64_t fragment_ms_;
    const bool has_video_;
    mp4::SoundClock* const clock_;
    std::optional<mp4::SoundClock> clock_then_;  ///< where the group that is held began
    HeldGroup held_;
    media::PacketPtr entry_;  ///< that is not added yet
};

}  // namespace

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
    return std::unique_ptr<SegmentOutput>(
        std::make_unique<Mp4Segment>(*std::move(writer), file, tracks, fragment_ms));
}

}  // namespace st::record
