#include "archive/cut.h"

#include <algorithm>
#include <limits>

namespace st::archive {
namespace {

using mp4::CopiedSample;
using mp4::CopiedTrack;
using mp4::MovieKind;
using mp4::MovieSample;
using mp4::MovieTrack;

constexpr std::int64_t kUsPerSecond = 1'000'000;
/// A cut that is shorter than one tick would be shown to the end of its media.
constexpr std::int64_t kShownUsMin = 1'000;
/// Pictures from a key frame on, unless there are less to the next one: of fewer decoders may give
/// out none, as FFmpeg's does behind a key frame that is no IDR picture.
constexpr std::size_t kDecodedMin = 8;
/// What a track's times may be in at most, so that a gap of hours fits into 32 bits.
constexpr std::uint32_t kTicksMax = 96'000;

/// Rounded, away from zero. Both rates are below 2^31, so nothing overflows that the result does
/// not.
std::int64_t scaled(std::int64_t value, std::int64_t to, std::int64_t from) {
    const std::int64_t rest = value % from;
    const std::int64_t half = rest >= 0 ? from / 2 : -(from / 2);
    return value / from * to + (rest * to + half) / from;
}

const MovieTrack* track_of(const mp4::Movie& movie, MovieKind kind) {
    for (const MovieTrack& track : movie.tracks) {
        if (track.kind == kind && !track.samples.empty()) return &track;
    }
    return nullptr;
}

/// The sample shown at `when`, or the first one after it; nullopt: all are over.
std::optional<std::size_t> shown_at(const MovieTrack& track, std::int64_t when) {
    std::optional<std::size_t> before;
    std::optional<std::size_t> after;
    const auto& samples = track.samples;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const std::int64_t shown = samples[i].shown();
        if (shown <= when && (!before || shown > samples[*before].shown())) before = i;
        if (shown > when && (!after || shown < samples[*after].shown())) after = i;
    }
    if (before && (after || track.shown_until() > when)) return before;
    return after;
}

struct Entry {
    std::size_t first = 0;  ///< where decoding begins
    std::size_t shown = 0;  ///< what is shown first
};

/// For sample `wanted`: at a key frame that is not shown after it, since pictures that are shown
/// before their key frame need what was before. Without one that key frame is what can be shown.
Entry entry_for(const MovieTrack& track, std::size_t wanted) {
    for (std::size_t i = wanted + 1; i-- > 0;) {
        const MovieSample& sample = track.samples[i];
        if (sample.is_sync && sample.shown() <= track.samples[wanted].shown()) return {i, wanted};
    }
    const auto key = std::ranges::find_if(track.samples, &MovieSample::is_sync);
    if (key == track.samples.end()) return {0, wanted};
    const auto place = static_cast<std::size_t>(key - track.samples.begin());
    return {place, place};
}

/// The first key frame shown at or after `when`; all are before: the end.
std::size_t entry_after(const MovieTrack& track, std::int64_t when) {
    const auto found = std::ranges::find_if(track.samples, [&](const MovieSample& sample) {
        return sample.is_sync && sample.shown() >= when;
    });
    return static_cast<std::size_t>(found - track.samples.begin());
}

/// Behind the last sample shown before `when`.
std::size_t end_before(const MovieTrack& track, std::int64_t when) {
    std::size_t end = track.samples.size();
    while (end > 0 && track.samples[end - 1].shown() >= when) --end;
    return end;
}

}  // namespace

Result<std::uint16_t> Cut::description(const std::vector<std::uint8_t>& entry,
                                       CopiedTrack& to) const {
    const auto known = std::ranges::find(to.descriptions, entry);
    const auto place = static_cast<std::size_t>(known - to.descriptions.begin());
    if (place == mp4::kDescriptionsMax) return Error{"it changes its format too often"};
    if (known == to.descriptions.end()) to.descriptions.push_back(entry);
    return static_cast<std::uint16_t>(place);
}

Result<void> Cut::add_track(const MovieTrack& track, Range range, std::int64_t zero,
                            const Part& part, std::uint64_t piece_at, CopiedTrack& to) {
    if (to.samples.empty()) {
        to.kind = track.kind;
        to.matrix = track.matrix;
        to.width = track.width;
        to.height = track.height;
        to.ticks_per_second = track.kind == MovieKind::sound && track.ticks_per_second <= kTicksMax
                                  ? track.ticks_per_second
                                  : mp4::kCopiedTicksPerSecond;
    }
    std::vector<std::uint16_t> places;
    for (const auto& entry : track.descriptions) {
        const auto place = description(entry, to);
        if (!place) return place.error();
        places.push_back(*place);
    }
    const std::int64_t ticks = to.ticks_per_second;
    const std::int64_t base = scaled(part.at_us, ticks, kUsPerSecond);
    const CutPiece& piece = pieces_.back();
    for (std::size_t i = range.first; i < range.end; ++i) {
        const MovieSample& sample = track.samples[i];
        const std::int64_t shown =
            base + scaled(sample.shown() - zero, ticks, track.ticks_per_second);
        std::int64_t decoded = base + scaled(sample.decoded - zero, ticks, track.ticks_per_second);
        // Files with and without reordering meet: one decodes earlier than it shows.
        if (!to.samples.empty()) decoded = std::max(decoded, to.samples.back().decoded + 1);
        CopiedSample copied;
        copied.at = piece_at + (sample.at - piece.at);
        copied.decoded = decoded;
        // Sound is heard when it is decoded: where that of two files overlaps, a moment later.
        const bool is_sound = track.kind == MovieKind::sound;
        copied.shown_after = is_sound ? 0 : static_cast<std::int32_t>(shown - decoded);
        copied.bytes = sample.bytes;
        copied.description = places[sample.description];
        copied.is_sync = sample.is_sync;
        to.samples.push_back(copied);
        to.last_duration = static_cast<std::uint32_t>(
            std::max<std::int64_t>(scaled(sample.duration, ticks, track.ticks_per_second), 1));
    }
    return {};
}

Cut::Range Cut::pictures_of(const MovieTrack& video, std::int64_t zero, const Part& part,
                            std::int64_t& begin) const {
    const auto ticks = [&](std::int64_t us) {
        return zero + scaled(us, video.ticks_per_second, kUsPerSecond);
    };
    const std::int64_t from = ticks(part.pictures_from_us);
    std::int64_t to = ticks(part.to_us);
    if (!video_.samples.empty()) {
        const std::size_t first = part.pictures_from_us > 0 ? entry_after(video, from) : 0;
        const std::size_t end = end_before(video, to);
        return first < end ? Range{first, end} : Range{};
    }
    const auto wanted = shown_at(video, from);
    if (!wanted) return {};
    const Entry entry = entry_for(video, *wanted);
    begin = video.samples[entry.shown].shown();
    to = std::max(to, from + 1);  // a moment is shorter than a tick
    if (entry.shown != *wanted) to = std::max(to, begin + 1);
    std::size_t end = end_before(video, to);
    if (entry.first >= end) return {};
    while (end - entry.first < kDecodedMin && end < video.samples.size() &&
           !video.samples[end].is_sync) {
        ++end;  // and is hidden
    }
    return {entry.first, end};
}

Cut::Range Cut::sounds_of(const MovieTrack& sound, std::int64_t zero, const Part& part) const {
    const auto ticks = [&](std::int64_t us) {
        return zero + scaled(us, sound.ticks_per_second, kUsPerSecond);
    };
    const auto& samples = sound.samples;
    const std::int64_t from = ticks(part.sounds_from_us);
    Range range{0, end_before(sound, std::max(ticks(part.to_us), from + 1))};
    while (range.first < range.end &&
           samples[range.first].shown() + samples[range.first].duration <= from) {
        ++range.first;
    }
    return range.first < range.end ? range : Range{};
}

Result<Cut::Added> Cut::add(const mp4::Movie& movie, const Part& whole) {
    const MovieTrack* video = track_of(movie, MovieKind::video);
    const MovieTrack* sound = track_of(movie, MovieKind::sound);
    const std::int64_t video_zero = video != nullptr ? video->zero(movie.ticks_per_second) : 0;
    const std::int64_t sound_zero = sound != nullptr ? sound->zero(movie.ticks_per_second) : 0;
    Part part = whole;
    // What a movie hides is before its 0.
    part.pictures_from_us = std::max<std::int64_t>(part.pictures_from_us, 0);
    part.sounds_from_us = std::max<std::int64_t>(part.sounds_from_us, 0);
    Range pictures;
    if (video != nullptr) {
        std::int64_t begin = 0;
        pictures = pictures_of(*video, video_zero, part, begin);
        if (pictures.size() > 0 && video_.samples.empty()) {
            const std::int64_t begin_us =
                scaled(begin - video_zero, kUsPerSecond, video->ticks_per_second);
            pictures_begin_us_ = part.at_us + begin_us;
            // A picture that is shown at that moment began before it.
            if (sound_.samples.empty()) {
                part.sounds_from_us = std::min(part.sounds_from_us, begin_us);
            }
        }
    }
    Range sounds;
    if (sound != nullptr) {
        sounds = sounds_of(*sound, sound_zero, part);
        if (sounds.size() > 0 && sound_.samples.empty()) {
            const std::int64_t shown = sound->samples[sounds.first].shown() - sound_zero;
            const std::int64_t shown_us = scaled(shown, kUsPerSecond, sound->ticks_per_second);
            sounds_begin_us_ = part.at_us + std::max(shown_us, part.sounds_from_us);
            // A decoder of AAC needs the frame before for the first samples of one.
            if (sounds.first > 0) --sounds.first;
        }
    }
    const std::size_t count = pictures.size() + sounds.size();
    if (count == 0) return Added{};
    if (video_.samples.size() + sound_.samples.size() + count > kCutSamplesMax) {
        return Error{"the span holds more pictures than are cut at once"};
    }
    const std::uint64_t piece_at = media_bytes_;
    add_piece(part.source, video, pictures, sound, sounds);
    if (pictures.size() > 0) {
        const auto added = add_track(*video, pictures, video_zero, part, piece_at, video_);
        if (!added) return added.error();
    }
    if (sounds.size() > 0) {
        const auto added = add_track(*sound, sounds, sound_zero, part, piece_at, sound_);
        if (!added) return added.error();
    }
    return Added{pictures.size() > 0, sounds.size() > 0};
}

/// All bytes from the first to the last that are wanted: what lies between (the heads of
/// fragments, sound that is heard before) is little, and one piece of a file is sent at once.
void Cut::add_piece(std::size_t source, const MovieTrack* video, Range pictures,
                    const MovieTrack* sound, Range sounds) {
    CutPiece piece{source, std::numeric_limits<std::uint64_t>::max(), 0};
    std::uint64_t end = 0;
    const auto cover = [&](const MovieTrack* track, Range range) {
        for (std::size_t i = range.first; i < range.end; ++i) {
            piece.at = std::min(piece.at, track->samples[i].at);
            end = std::max(end, track->samples[i].at + track->samples[i].bytes);
        }
    };
    cover(video, pictures);
    cover(sound, sounds);
    piece.bytes = end - piece.at;
    pieces_.push_back(piece);
    media_bytes_ += piece.bytes;
}

namespace {

/// Times of the cut to times of the track, which begins with what is decoded first.
void finish_track(CopiedTrack& track, std::int64_t begin_us, std::int64_t end_us) {
    const std::int64_t zero = scaled(begin_us, track.ticks_per_second, kUsPerSecond);
    const std::int64_t first = track.samples.front().decoded - zero;
    std::int64_t begin = std::numeric_limits<std::int64_t>::max();
    for (CopiedSample& sample : track.samples) {
        sample.decoded -= zero;
        const std::int64_t shown = sample.decoded + sample.shown_after;
        // Of a frame of sound also its end is wanted: it is heard from the cut's beginning on.
        if (shown >= 0) begin = std::min(begin, shown);
        if (track.kind == MovieKind::sound && shown < 0) begin = 0;
        sample.decoded -= first;
    }
    const auto movie_ticks = [&](std::int64_t ticks) {
        return scaled(ticks, mp4::kCopiedTicksPerSecond, track.ticks_per_second);
    };
    const std::int64_t end = scaled(end_us - begin_us, mp4::kCopiedTicksPerSecond, kUsPerSecond);
    const std::int64_t late = std::min(movie_ticks(begin), end);
    if (late > 0) track.edits.push_back({static_cast<std::uint64_t>(late), -1});
    track.edits.push_back({static_cast<std::uint64_t>(end - late), begin - first});
}

}  // namespace

std::int64_t Cut::begin_us() const {
    if (video_.samples.empty()) return sounds_begin_us_;
    if (sound_.samples.empty()) return pictures_begin_us_;
    return std::min(pictures_begin_us_, sounds_begin_us_);
}

Cut::Made Cut::finish(std::int64_t end_us, std::uint64_t created) {
    const std::int64_t begin_us = this->begin_us();
    end_us = std::max(end_us, begin_us + kShownUsMin);
    mp4::CopiedMovie movie;
    movie.duration = static_cast<std::uint64_t>(
        scaled(end_us - begin_us, mp4::kCopiedTicksPerSecond, kUsPerSecond));
    movie.created = created;
    movie.media_bytes = media_bytes_;
    for (CopiedTrack* track : {&video_, &sound_}) {
        if (track->samples.empty()) continue;
        finish_track(*track, begin_us, end_us);
        movie.tracks.push_back(std::move(*track));
    }
    return {mp4::encode_head(movie), std::move(pieces_)};
}

}  // namespace st::archive
