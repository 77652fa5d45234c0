#include "mp4/segment_movie.h"

#include <algorithm>
#include <string>

#include "media/avc_config.h"
#include "media/parameter_sets.h"
#include "mp4/box_fields.h"
#include "mp4/runs.h"
#include "mp4/samples.h"
#include "mp4/track_boxes.h"

namespace st::mp4 {
namespace {

/// 14496-1, 7.2.6: a descriptor with its length in the long form, as all writers have it.
void write_descriptor_head(Boxes& out, unsigned tag, std::size_t bytes) {
    out.u8(tag);
    out.u8(0x80);
    out.u8(0x80);
    out.u8(0x80);
    out.u8(static_cast<unsigned>(bytes));
}

void write_esds(Boxes& out, Bytes config) {
    constexpr std::size_t kHead = 5;
    const std::size_t decoder_bytes = 13 + kHead + config.size();
    const Box esds(out, "esds", 0, 0);
    write_descriptor_head(out, 3, 3 + kHead + decoder_bytes + kHead + 1);
    out.u16(0);
    out.u8(0);
    write_descriptor_head(out, 4, decoder_bytes);
    out.u8(0x40);  // MPEG-4 audio
    out.u8(0x15);  // audio stream
    out.zeros(3 + 4 + 4);
    write_descriptor_head(out, 5, config.size());
    out.bytes(config);
    write_descriptor_head(out, 6, 1);
    out.u8(2);
}

/// How long the track is shown, on the movie's time line; 0: not known. What is decoded last need
/// not be shown last; how long it lasts is then that of what is: the distance of two pictures in
/// decoding order has the pause in it that follows them, or another one.
std::uint64_t shown_ticks(const SegmentTrack& track, const SegmentTables* tables) {
    if (tables == nullptr) return 0;
    std::int64_t ends = 0;
    std::int64_t now = 0;
    for (const SegmentSample& sample : tables->samples) {
        ends = std::max(ends, now + sample.offset);
        now += sample.ticks;
    }
    if (!tables->samples.empty()) ends += tables->samples.back().ticks;
    ends = std::max(ends, track.start_ticks);
    return static_cast<std::uint64_t>(ends - track.start_ticks) * kMovieTicks /
           track.ticks_per_second;
}

std::uint64_t track_duration(const SegmentTrack& track, const SegmentTables* tables) {
    if (tables == nullptr) return 0;
    return static_cast<std::uint64_t>(track.empty_ticks) + shown_ticks(track, tables);
}

void write_edits(Boxes& out, const SegmentTrack& track, const SegmentTables* tables) {
    if (track.empty_ticks == 0 && track.start_ticks == 0) return;
    std::vector<MovieEdit> edits;
    if (track.empty_ticks > 0) {
        edits.push_back({static_cast<std::uint64_t>(track.empty_ticks), -1});
    }
    edits.push_back({shown_ticks(track, tables), track.start_ticks});
    write_edit_list(out, 1, edits);
}

void write_times(Boxes& out, const std::vector<SegmentSample>& samples) {
    {
        const Box stts(out, "stts", 0, 0);
        Runs runs(out);
        for (const SegmentSample& sample : samples) runs.add(sample.ticks);
        runs.end();
    }
    write_sync_samples(out, samples.size(), [&](std::size_t i) { return samples[i].is_sync; });
    const bool has_offsets =
        std::ranges::any_of(samples, [](const SegmentSample& s) { return s.offset != 0; });
    if (!has_offsets) return;
    const bool has_negative =
        std::ranges::any_of(samples, [](const SegmentSample& s) { return s.offset < 0; });
    const Box ctts(out, "ctts", has_negative ? 1 : 0, 0);
    Runs runs(out);
    for (const SegmentSample& sample : samples) {
        runs.add(static_cast<std::uint32_t>(sample.offset));
    }
    runs.end();
}

void write_places(Boxes& out, const SegmentTables& tables) {
    write_chunk_runs(out, tables.chunks);
    write_sizes(out, tables.samples.size(), [&](std::size_t i) { return tables.samples[i].bytes; });
    const bool is_wide = !tables.chunks.empty() && tables.chunks.back().at > kU32Max;
    write_chunk_offsets(out, tables.chunks, 0, is_wide);
}

void write_trak(Boxes& out, const SegmentMovie& movie, const SegmentTrack& track,
                const SegmentTables* tables) {
    static const SegmentTables kNone;
    const Box trak(out, "trak");
    write_track_header(out, {.created = movie.created,
                             .id = track.id,
                             .duration = track_duration(track, tables),
                             .is_sound = !track.is_video(),
                             .width = track.width,
                             .height = track.height});
    write_edits(out, track, tables);
    const Box mdia(out, "mdia");
    write_media_header(out, {.created = movie.created,
                             .ticks_per_second = track.ticks_per_second,
                             .duration = tables == nullptr ? 0 : tables->media_ticks()});
    write_hdlr(out, track.is_video() ? "vide" : "soun",
               track.is_video() ? "VideoHandler" : "SoundHandler");
    const Box minf(out, "minf");
    write_kind_header(out, !track.is_video());
    write_data_reference(out);
    const Box stbl(out, "stbl");
    out.bytes(track.description);
    const SegmentTables& written = tables == nullptr ? kNone : *tables;
    write_times(out, written.samples);
    write_places(out, written);
}

void write_mvex(Boxes& out, const SegmentMovie& movie) {
    const Box mvex(out, "mvex");
    for (const SegmentTrack& track : movie.tracks) {
        const Box trex(out, "trex", 0, 0);
        out.u32(track.id);
        out.u32(1);  // sample description
        out.zeros(12);
    }
}

/// Reads what write_edits() wrote.
bool parse_edit_list(Bytes elst, SegmentTrack& track) {
    constexpr std::size_t kHead = 8;
    constexpr std::size_t kEntry = 20;
    if (elst.size() < kHead || elst[0] != 1) return false;
    const std::size_t count = load_be32(elst.data() + 4);
    if (count < 1 || count > 2 || elst.size() < kHead + count * kEntry) return false;
    const std::uint8_t* entry = elst.data() + kHead;
    if (count == 2) {
        track.empty_ticks = static_cast<std::int64_t>(load_be64(entry) & (~std::uint64_t{0} >> 1));
        entry += kEntry;
    }
    track.start_ticks = static_cast<std::int64_t>(load_be64(entry + 8));
    return track.start_ticks >= 0;
}

Result<SegmentTrack> parse_trak(Bytes body) {
    SegmentTrack track;
    const Bytes tkhd = find_box(body, box_type("tkhd"));
    const Bytes mdhd = find_box(body, {box_type("mdia"), box_type("mdhd")});
    const Bytes stbl = find_box(body, {box_type("mdia"), box_type("minf"), box_type("stbl")});
    if (tkhd.size() != 96 || tkhd[0] != 1 || mdhd.size() != 36 || mdhd[0] != 1) {
        return Error{"a segment's track without tkhd and mdhd of version 1"};
    }
    track.id = load_be32(tkhd.data() + 20);
    track.width = load_be32(tkhd.data() + 88);
    track.height = load_be32(tkhd.data() + 92);
    track.ticks_per_second = load_be32(mdhd.data() + 20);
    if (track.ticks_per_second == 0) return Error{"a segment's track of 0 ticks a second"};
    const Bytes elst = find_box(body, {box_type("edts"), box_type("elst")});
    if (!elst.empty() && !parse_edit_list(elst, track)) {
        return Error{"a segment's track with an unknown edit list"};
    }
    BoxList boxes(stbl);
    while (const auto box = boxes.next()) {
        if (box->type == box_type("stsd"))
            track.description.assign(box->whole.begin(), box->whole.end());
    }
    if (track.description.empty()) return Error{"a segment's track without a description"};
    return track;
}

}  // namespace

std::uint64_t SegmentTables::media_ticks() const {
    std::uint64_t sum = 0;
    for (const SegmentSample& sample : samples) sum += sample.ticks;
    return sum;
}

std::vector<std::uint8_t> aac_description(Bytes config, std::uint32_t sample_rate,
                                          unsigned channels) {
    Boxes out;
    {
        const Box stsd(out, "stsd", 0, 0);
        out.u32(1);
        const Box mp4a(out, "mp4a");
        out.zeros(6);
        out.u16(1);
        out.zeros(8);
        out.u16(channels == 0 ? 2 : channels);
        out.u16(16);
        out.u32(0);
        out.u32(sample_rate <= 0xFFFF ? std::uint64_t{sample_rate} << 16 : 0);
        write_esds(out, config);
    }
    return out.take();
}

Result<void> describe_avc(SegmentTrack& track, Bytes record) {
    const auto config = media::parse_avc_config(record);
    if (!config) return config.error();
    if (config->sps.empty()) return Error{"H.264: a decoder configuration without an SPS"};
    const auto sps = media::parse_sps(config->sps.front());
    if (!sps) return sps.error();
    VideoFormat format;
    format.sps = *sps;
    for (const Bytes set : config->sps) format.sps_list.emplace_back(set.begin(), set.end());
    for (const Bytes set : config->pps) format.pps_list.emplace_back(set.begin(), set.end());
    Boxes out;
    write_sample_descriptions(out, format);
    track.description = out.take();
    track.width = shown_width(*sps);
    track.height = sps->height << 16;
    return {};
}

std::uint64_t duration_ticks(const SegmentMovie& movie, std::span<const SegmentTables> tables) {
    std::uint64_t duration = 0;
    for (std::size_t i = 0; i < tables.size(); ++i) {
        duration = std::max(duration, track_duration(movie.tracks[i], &tables[i]));
    }
    return duration;
}

void write_segment_moov(Boxes& out, const SegmentMovie& movie,
                        std::span<const SegmentTables> tables) {
    const auto tables_of = [&](std::size_t i) { return tables.empty() ? nullptr : &tables[i]; };
    const Box moov(out, "moov");
    write_movie_header(out, {.created = movie.created,
                             .ticks_per_second = kMovieTicks,
                             .duration = duration_ticks(movie, tables),
                             .next_track = kAudioTrackId + 1});
    for (std::size_t i = 0; i < movie.tracks.size(); ++i) {
        write_trak(out, movie, movie.tracks[i], tables_of(i));
    }
    if (tables.empty()) write_mvex(out, movie);
}

Result<SegmentMovie> parse_segment_moov(Bytes body) {
    SegmentMovie movie;
    BoxList boxes(body);
    while (const auto box = boxes.next()) {
        if (box->type == box_type("mvhd") && box->body.size() >= 12) {
            movie.created = load_be64(box->body.data() + 4);
        } else if (box->type == box_type("trak")) {
            auto track = parse_trak(box->body);
            if (!track) return track.error();
            movie.tracks.push_back(*std::move(track));
        }
    }
    if (movie.tracks.empty() || movie.tracks.size() > 2) {
        return Error{"a segment of " + std::to_string(movie.tracks.size()) + " tracks"};
    }
    return movie;
}

}  // namespace st::mp4
