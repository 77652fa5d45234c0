#include "record/flv_movie.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/bytes.h"
#include "flv/body.h"
#include "flv/codec_name.h"
#include "flv/tag.h"
#include "media/aac_config.h"
#include "mp4/boxes.h"
#include "mp4/segment_movie.h"
#include "mp4/sound_clock.h"
#include "mp4/track_boxes.h"
#include "record/flv_tags.h"
#include "record/segment_output.h"

namespace st::record {
namespace {

constexpr std::int64_t kUsPerMs = 1'000;
constexpr std::int64_t kTicksPerMs = mp4::kMovieTicks / 1'000;
constexpr std::size_t kConfigBytesMax = std::size_t{1} << 20;
/// What stands before the first frame: a header, metadata, configurations.
constexpr int kTagsBeforeFrames = 1'000;
std::string name_of(const FlvTag& tag) {
    std::uint32_t code = tag.is_video() ? tag.head[0] & 0x0F : tag.head[0] >> 4;
    if (tag.is_video() && tag.is_four_cc()) code = load_be32(tag.head.data() + 1);
    return flv::codec_name(tag.is_video() ? media::Track::video : media::Track::audio, code);
}

Error not_held(const FlvTag& tag) {
    return Error{"an MP4 here holds H.264 and AAC, and its " +
                     std::string(tag.is_video() ? "video" : "sound") + " is " + name_of(tag),
                 409};
}

/// One track while it is read.
struct Reading {
    mp4::MovieTrack track;
    std::optional<std::uint16_t> description;  ///< in force
    std::optional<mp4::SoundClock> clock;      ///< of sound
    std::optional<FlvTag> other;               ///< one that a movie cannot hold
};

/// The sample entry in a whole stsd of one.
std::vector<std::uint8_t> entry_of(const std::vector<std::uint8_t>& stsd) {
    constexpr std::ptrdiff_t kBefore = 16;  // head of the box, its version, the number of entries
    return {stsd.begin() + kBefore, stsd.end()};
}

/// Of a configuration that cannot be read nothing is taken: its frames have no description.
void take_config(Reading& to, bool is_video, Bytes config) {
    to.description.reset();
    std::vector<std::uint8_t> entry;
    if (is_video) {
        mp4::SegmentTrack described;
        if (!mp4::describe_avc(described, config)) return;
        entry = entry_of(described.description);
        to.track.ticks_per_second = mp4::kMovieTicks;
        if (to.track.descriptions.empty()) {
            to.track.width = described.width;
            to.track.height = described.height;
        }
    } else {
        const auto aac = media::parse_aac_config(config);
        if (!aac) return;
        const std::uint32_t rate = aac->sample_rate;
        // Another rate in one file: the times stay in what they were counted in.
        if (to.track.ticks_per_second != 0 && to.track.ticks_per_second != rate) return;
        if (!to.clock) to.clock = mp4::SoundClock(rate, aac->frame_samples());
        to.track.ticks_per_second = rate;
        entry = entry_of(mp4::aac_description(config, rate, aac->channels));
    }
    const auto known = std::ranges::find(to.track.descriptions, entry);
    if (known == to.track.descriptions.end() &&
        to.track.descriptions.size() == mp4::kDescriptionsMax) {
        return;
    }
    to.description = static_cast<std::uint16_t>(known - to.track.descriptions.begin());
    if (known == to.track.descriptions.end()) to.track.descriptions.push_back(std::move(entry));
}

void take_frame(Reading& to, const FlvTag& tag) {
    mp4::MovieSample sample;
    sample.at = tag.at + tag.head_bytes();
    sample.bytes = tag.bytes - static_cast<std::uint32_t>(tag.head_bytes());
    sample.description = *to.description;
    if (tag.is_video()) {
        sample.decoded = std::int64_t{tag.ms} * kTicksPerMs;
        sample.shown_after = static_cast<std::int32_t>(tag.shown_after_ms() * kTicksPerMs);
        sample.is_sync = tag.is_key();
    } else {
        sample.decoded = to.clock->next(tag.ms);
        sample.is_sync = true;
        sample.duration = static_cast<std::uint32_t>(to.clock->frame_samples());
    }
    auto& samples = to.track.samples;
    if (!samples.empty()) {
        mp4::MovieSample& last = samples.back();
        if (sample.decoded < last.decoded) {
            using Limits = std::numeric_limits<std::int32_t>;
            sample.shown_after = static_cast<std::int32_t>(
                std::clamp<std::int64_t>(sample.shown_after - (last.decoded - sample.decoded),
                                         Limits::min(), Limits::max()));
            sample.decoded = last.decoded;
        }
        last.duration = static_cast<std::uint32_t>(sample.decoded - last.decoded);
    }
    samples.push_back(sample);
}

/// The last picture lasts as long as the one before it.
void end_track(mp4::MovieTrack& track) {
    constexpr std::uint32_t kOnlyPictureMs = 40;
    auto& samples = track.samples;
    if (track.kind != mp4::MovieKind::video || samples.empty()) return;
    samples.back().duration = samples.size() > 1
                                  ? samples[samples.size() - 2].duration
                                  : static_cast<std::uint32_t>(kOnlyPictureMs * kTicksPerMs);
}

/// FlvHead's begins_us.
void place_zero(mp4::Movie& movie) {
    std::int64_t begins_ms = std::numeric_limits<std::int64_t>::max();
    for (const mp4::MovieTrack& track : movie.tracks) {
        const std::int64_t ticks = track.ticks_per_second;
        const std::int64_t shown = track.samples.front().shown();
        begins_ms = std::min(begins_ms, (shown * 1'000 + ticks / 2) / ticks);
    }
    for (mp4::MovieTrack& track : movie.tracks) {
        track.edits.push_back({0, begins_ms * track.ticks_per_second / 1'000});
    }
}

/// The time of the last tag of a track: found from the end of the file, or, where that is torn,
/// from the tag at `from` on.
std::optional<std::int64_t> last_ms(const mp4::MovieSource& file, std::uint64_t from) {
    std::array<std::uint8_t, flv::kPreviousTagSizeBytes> field{};
    if (file.read(file.bytes - field.size(), field)) {
        const std::uint64_t size = std::uint64_t{load_be32(field.data())} + field.size();
        const auto tag = size <= file.bytes ? flv_tag_at(file, file.bytes - size) : std::nullopt;
        if (tag && tag->next() == file.bytes && tag->is_of_track()) return tag->ms;
    }
    std::optional<std::int64_t> last;
    while (const auto tag = flv_tag_at(file, from)) {
        from = tag->next();
        if (tag->is_of_track()) last = std::max<std::int64_t>(last.value_or(0), tag->ms);
    }
    return last;
}

}  // namespace

Result<FlvHead> read_flv_head(const mp4::MovieSource& file) {
    const auto first = first_flv_tag(file);
    if (!first) return first.error();
    FlvHead head;
    std::vector<std::uint8_t> begin(std::min<std::uint64_t>(file.bytes, kFlvMarkBytesMax));
    if (!file.read(0, begin)) return Error{"it cannot be read"};
    double duration_s = 0;
    if (const auto mark = read_flv_mark(begin)) {
        head.first_wall_us = mark->mark.first_wall_us;
        head.is_growing = !(mark->duration_s > 0);
        duration_s = std::min(mark->duration_s, 4'294'968.0);  // what 32 bits of ms hold
    }
    std::optional<FlvTag> picture;
    std::optional<FlvTag> sound;
    std::uint64_t at = *first;
    const auto shown_ms = [](const FlvTag& tag) {
        return std::int64_t{tag.ms} + tag.shown_after_ms();
    };
    for (int i = 0; i < kTagsBeforeFrames && !(picture && sound); ++i) {
        const auto tag = flv_tag_at(file, at);
        // Times rise: what is heard later does not matter.
        if (!tag || (picture && tag->ms >= shown_ms(*picture))) break;
        at = tag->next();
        if (!tag->is_frame()) continue;
        if (tag->is_video() && !picture) picture = tag;
        if (tag->is_audio() && !sound) sound = tag;
    }
    if (!picture && !sound) return Error{"there is nothing in it"};
    head.is_movie = picture ? picture->is_h264() : sound->is_aac();
    std::int64_t begins_ms = picture ? shown_ms(*picture) : std::int64_t{sound->ms};
    if (sound && sound->is_aac()) begins_ms = std::min<std::int64_t>(begins_ms, sound->ms);
    head.begins_us = begins_ms * kUsPerMs;
    head.ends_us = duration_s > 0 ? static_cast<std::int64_t>(duration_s * 1e6)
                                  : last_ms(file, at).value_or(0) * kUsPerMs;
    head.ends_us = std::max(head.ends_us, head.begins_us);
    return head;
}

Result<mp4::Movie> read_flv_movie(const mp4::MovieSource& file) {
    const auto first = first_flv_tag(file);
    if (!first) return first.error();
    Reading video;
    Reading sound;
    video.track.kind = mp4::MovieKind::video;
    video.track.id = mp4::kVideoTrackId;
    sound.track.kind = mp4::MovieKind::sound;
    sound.track.id = mp4::kAudioTrackId;
    std::size_t samples = 0;
    std::uint64_t at = *first;
    while (const auto tag = flv_tag_at(file, at)) {
        at = tag->next();
        if (!tag->is_of_track()) continue;
        Reading& of = tag->is_video() ? video : sound;
        if (tag->is_config()) {
            std::vector<std::uint8_t> config(
                std::min<std::size_t>(tag->bytes - tag->head_bytes(), kConfigBytesMax));
            if (!file.read(tag->at + tag->head_bytes(), config)) return Error{"it cannot be read"};
            take_config(of, tag->is_video(), config);
        } else if (tag->is_frame() && !tag->is_h264() && !tag->is_aac()) {
            if (!of.other) of.other = tag;
        } else if (tag->is_frame() && of.description) {
            if (++samples > mp4::kMovieSamplesMax) return Error{"it has too many pictures"};
            take_frame(of, *tag);
        }
    }
    if (video.track.samples.empty() && video.other) return not_held(*video.other);
    if (video.track.samples.empty() && sound.track.samples.empty()) {
        return sound.other ? not_held(*sound.other) : Error{"there is nothing in it"};
    }
    mp4::Movie movie;
    movie.ticks_per_second = mp4::kMovieTicks;
    for (Reading* one : {&video, &sound}) {
        if (one->track.samples.empty()) continue;
        one->track.matrix = mp4::matrix_of();
        end_track(one->track);
        movie.tracks.push_back(std::move(one->track));
    }
    place_zero(movie);
    return movie;
}

}  // namespace st::record
