#include "mp4/segment_writer.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "mp4/boxes.h"
#include "mp4/track_boxes.h"

namespace st::mp4 {
namespace {

constexpr std::int64_t kTicksPerMs = kMovieTicks / 1000;
constexpr std::int64_t kFirstPictureMs = 40;  ///< how long a picture lasts that is the only one
constexpr std::uint32_t kSyncSample = 0x0200'0000;   // depends on no other
constexpr std::uint32_t kOtherSample = 0x0101'0000;  // depends on others, is no sync sample
constexpr std::size_t kMdatHeadBytes = 8;
/// How much earlier than the file's time 0 may be what comes later than its first fragment.
constexpr std::int64_t kLateMostMs = 600'000;

}  // namespace

Result<SegmentWriter> SegmentWriter::begin(SegmentFile& file, SegmentMark mark,
                                           const SegmentTracks& tracks, std::int64_t fragment_ms) {
    assert(tracks.video || tracks.audio);
    SegmentWriter writer(file, std::move(mark), tracks, fragment_ms);
    if (tracks.video) {
        Writing video;
        const auto described = describe_avc(video.track, tracks.video->payload.bytes());
        if (!described) return described.error();
        video.usual_ticks = kFirstPictureMs * kTicksPerMs;
        writer.tracks_.push_back(std::move(video));
        writer.mark_.video = "h264";
    }
    if (tracks.audio) {
        Writing audio;
        const auto rate = static_cast<std::uint32_t>(tracks.sound->rate());
        audio.track.id = kAudioTrackId;
        audio.track.ticks_per_second = rate;
        audio.track.description =
            aac_description(tracks.audio->payload.bytes(), rate, tracks.audio_channels);
        audio.usual_ticks = tracks.sound->frame_samples();
        writer.tracks_.push_back(std::move(audio));
        writer.mark_.audio = "aac";
    }
    return writer;
}

void SegmentWriter::add(media::PacketPtr packet) {
    const std::uint32_t id = packet->track == media::Track::video ? kVideoTrackId : kAudioTrackId;
    const auto one =
        std::ranges::find_if(tracks_, [&](const Writing& each) { return each.track.id == id; });
    assert(one != tracks_.end());
    Sample sample{packet, packet->dts_ms * kTicksPerMs,
                  (packet->dts_ms + packet->cts_ms) * kTicksPerMs, samples_++};
    if (id == kAudioTrackId) sample.shown = sample.ticks = sound_->next(packet->dts_ms);
    if (one->has_any) {
        // Two pictures of one time cannot stand in an MP4.
        if (sample.ticks <= one->last_ticks) sample.ticks = one->last_ticks + 1;
        if (id == kVideoTrackId) one->usual_ticks = sample.ticks - one->last_ticks;
    }
    one->has_any = true;
    one->last_ticks = sample.ticks;
    pending_bytes_ += packet->payload.size();
    ++pending_;
    newest_ms_ = std::max(newest_ms_, packet->dts_ms);
    if (!fragment_from_ms_) fragment_from_ms_ = packet->dts_ms;
    one->samples.push_back(std::move(sample));
    if (newest_ms_ - *fragment_from_ms_ >= fragment_ms_ || pending_bytes_ > kFragmentBytesMax ||
        pending_ >= kFragmentSamplesMax) {
        write(false);
    }
}

void SegmentWriter::end(std::optional<std::int64_t> next_picture_ms) {
    for (Writing& one : tracks_) {
        if (!one.track.is_video() || !one.has_any || !next_picture_ms) continue;
        const std::int64_t lasts = *next_picture_ms * kTicksPerMs - one.last_ticks;
        if (lasts > 0) one.usual_ticks = lasts;
    }
    write(true);
}

void SegmentWriter::flush() { write(false); }

std::vector<media::PacketPtr> SegmentWriter::unwritten() const {
    std::vector<Sample> all;
    for (const Writing& one : tracks_) {
        all.insert(all.end(), one.samples.begin(), one.samples.end());
    }
    std::ranges::sort(all, {}, &Sample::serial);
    std::vector<media::PacketPtr> packets;
    for (Sample& sample : all) packets.push_back(std::move(sample.packet));
    return packets;
}

/// The newest sample of each track waits for the next one, which says how long it lasts; but no
/// longer than a fragment.
std::size_t SegmentWriter::count_to_write(const Writing& one, bool is_last) const {
    if (is_last || one.samples.empty()) return one.samples.size();
    const bool is_late = newest_ms_ - one.samples.back().packet->dts_ms >= fragment_ms_;
    return is_late ? one.samples.size() : one.samples.size() - 1;
}

/// The file's time 0 is where the first picture or sound of all that is in the first fragment is
/// shown or heard.
void SegmentWriter::place_zero() {
    for (const Writing& one : tracks_) {
        if (one.samples.empty()) continue;
        const Sample& first = one.samples.front();
        const std::int64_t us =
            first.shown * 1'000'000 / static_cast<std::int64_t>(one.track.ticks_per_second);
        zero_us_ = std::min(zero_us_.value_or(us), us);
    }
    mark_.first_wall_us += *zero_us_;
    for (Writing& one : tracks_) {
        // What is late beside another track is of before: its times must not go below 0.
        if (tracks_.size() > 1)
            one.track.start_ticks = kLateMostMs * one.track.ticks_per_second / 1000;
        if (!one.track.is_video() || one.samples.empty()) continue;
        // Decoding may begin before anything is shown.
        const std::int64_t begins = media_ticks(one, one.samples.front().ticks);
        if (begins < 0) one.track.start_ticks -= begins;
    }
}

void SegmentWriter::move_wall(std::int64_t by_us) {
    mark_.first_wall_us += by_us;
    if (!zero_us_) return;  // the head is still to be written
    std::array<std::uint8_t, 8> wall{};
    store_be64(wall.data(), static_cast<std::uint64_t>(mark_.first_wall_us));
    file_.write_at(kFirstWallAt, wall);
}

/// On the track's own time line.
std::int64_t SegmentWriter::media_ticks(const Writing& one, std::int64_t ticks) const {
    // Rounded: of the sample that the microseconds come from it is the same again.
    const auto rate = static_cast<std::int64_t>(one.track.ticks_per_second);
    const std::int64_t zero = (*zero_us_ * rate + 500'000) / 1'000'000;
    return ticks - zero + one.track.start_ticks;
}

std::vector<std::uint8_t> SegmentWriter::encode_head() {
    Boxes out;
    out.bytes(encode_segment_head(mark_));
    SegmentMovie movie;
    movie.created = seconds_since_1904(mark_.first_wall_us);
    for (const Writing& one : tracks_) movie.tracks.push_back(one.track);
    write_segment_moov(out, movie, {});
    return out.take();
}

void SegmentWriter::write_traf(Boxes& out, const Writing& one, std::size_t count,
                               std::uint64_t& offset_at) {
    const Box traf(out, "traf");
    {
        const Box tfhd(out, "tfhd", 0, 0x02'0000);  // offsets count from the moof
        out.u32(one.track.id);
    }
    {
        const Box tfdt(out, "tfdt", 1, 0);
        const std::int64_t begins = media_ticks(one, one.samples.front().ticks);
        out.u64(static_cast<std::uint64_t>(std::max<std::int64_t>(begins, 0)));
    }
    // Data offset, and of each sample duration, size, flags, composition offset.
    const Box trun(out, "trun", 1, 0x01 | 0x100 | 0x200 | 0x400 | 0x800);
    out.u32(count);
    offset_at = out.position();
    out.u32(0);
    for (std::size_t i = 0; i < count; ++i) {
        const Sample& sample = one.samples[i];
        const std::int64_t lasts =
            i + 1 < one.samples.size() ? one.samples[i + 1].ticks - sample.ticks : one.usual_ticks;
        const bool is_sync = !one.track.is_video() || sample.packet->is_key;
        out.u32(static_cast<std::uint64_t>(std::min<std::int64_t>(lasts, UINT32_MAX)));
        out.u32(sample.packet->payload.size());
        out.u32(is_sync ? kSyncSample : kOtherSample);
        out.u32(static_cast<std::uint64_t>(sample.shown - sample.ticks));
    }
}

void SegmentWriter::write(bool is_last) {
    std::vector<std::size_t> counts;
    std::size_t in_all = 0;
    for (const Writing& one : tracks_) {
        counts.push_back(count_to_write(one, is_last));
        in_all += counts.back();
    }
    if (in_all == 0) return;
    Boxes out;
    if (!zero_us_) {
        place_zero();
        out.bytes(encode_head());
    }
    const std::uint64_t moof_at = out.position();
    std::vector<std::uint64_t> offsets_at(tracks_.size());
    {
        const Box moof(out, "moof");
        {
            const Box mfhd(out, "mfhd", 0, 0);
            out.u32(++sequence_);
        }
        for (std::size_t i = 0; i < tracks_.size(); ++i) {
            if (counts[i] > 0) write_traf(out, tracks_[i], counts[i], offsets_at[i]);
        }
    }
    std::uint64_t offset = out.position() - moof_at + kMdatHeadBytes;
    std::vector<Bytes> pieces(1);
    for (std::size_t i = 0; i < tracks_.size(); ++i) {
        if (counts[i] > 0) out.patch_u32(offsets_at[i], offset);
        for (std::size_t k = 0; k < counts[i]; ++k) {
            pieces.push_back(tracks_[i].samples[k].packet->payload.bytes());
            offset += pieces.back().size();
        }
    }
    out.u32(offset - (out.position() - moof_at));
    out.text("mdat");
    const std::vector<std::uint8_t> head = out.take();
    pieces.front() = head;
    file_.append(pieces);

    fragment_from_ms_.reset();
    pending_bytes_ = pending_ = 0;
    for (std::size_t i = 0; i < tracks_.size(); ++i) {
        std::vector<Sample>& samples = tracks_[i].samples;
        samples.erase(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(counts[i]));
        for (const Sample& left : samples) {
            ++pending_;
            pending_bytes_ += left.packet->payload.size();
            fragment_from_ms_ =
                std::min(fragment_from_ms_.value_or(left.packet->dts_ms), left.packet->dts_ms);
        }
    }
}

}  // namespace st::mp4
