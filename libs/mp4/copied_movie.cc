#include "mp4/copied_movie.h"

#include <algorithm>
#include <cassert>

#include "mp4/boxes.h"
#include "mp4/runs.h"
#include "mp4/track_boxes.h"

namespace st::mp4 {
namespace {

constexpr std::uint64_t kChunkBytesMax = std::uint64_t{1} << 20;
constexpr std::uint64_t kMdatHeadBytes = 16;

void write_times(Boxes& out, const CopiedTrack& track) {
    const auto& samples = track.samples;
    {
        const Box stts(out, "stts", 0, 0);
        Runs runs(out);
        for (std::size_t i = 0; i < samples.size(); ++i) {
            const std::int64_t duration = i + 1 < samples.size()
                                              ? samples[i + 1].decoded - samples[i].decoded
                                              : std::int64_t{track.last_duration};
            runs.add(static_cast<std::uint32_t>(duration));
        }
        runs.end();
    }
    if (std::ranges::any_of(samples, [](const auto& sample) { return sample.shown_after != 0; })) {
        const Box ctts(out, "ctts", 1, 0);
        Runs runs(out);
        for (const CopiedSample& sample : samples) {
            runs.add(static_cast<std::uint32_t>(sample.shown_after));
        }
        runs.end();
    }
    if (std::ranges::all_of(samples, &CopiedSample::is_sync)) return;
    const Box stss(out, "stss", 0, 0);
    const std::uint64_t count_at = out.position();
    out.u32(0);
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        if (!samples[i].is_sync) continue;
        out.u32(i + 1);
        ++count;
    }
    out.patch_u32(count_at, count);
}

struct Chunk {
    std::uint64_t at = 0;
    std::uint64_t samples = 0;
    unsigned description = 0;
};

std::vector<Chunk> chunks_of(const CopiedTrack& track) {
    std::vector<Chunk> chunks;
    std::uint64_t end = 0;
    for (const CopiedSample& sample : track.samples) {
        const bool goes_on = !chunks.empty() && sample.at == end &&
                             sample.description == chunks.back().description &&
                             end - chunks.back().at < kChunkBytesMax;
        if (!goes_on) chunks.push_back({sample.at, 0, sample.description});
        ++chunks.back().samples;
        end = sample.at + sample.bytes;
    }
    return chunks;
}

void write_places(Boxes& out, const CopiedTrack& track, std::uint64_t data_at) {
    const std::vector<Chunk> chunks = chunks_of(track);
    {
        const Box stsc(out, "stsc", 0, 0);
        const std::uint64_t count_at = out.position();
        out.u32(0);
        std::uint64_t count = 0;
        for (std::size_t i = 0; i < chunks.size(); ++i) {
            if (i > 0 && chunks[i].samples == chunks[i - 1].samples &&
                chunks[i].description == chunks[i - 1].description) {
                continue;
            }
            out.u32(i + 1);
            out.u32(chunks[i].samples);
            out.u32(chunks[i].description + 1U);
            ++count;
        }
        out.patch_u32(count_at, count);
    }
    {
        const Box stsz(out, "stsz", 0, 0);
        out.u32(0);
        out.u32(track.samples.size());
        for (const CopiedSample& sample : track.samples) out.u32(sample.bytes);
    }
    const Box co64(out, "co64", 0, 0);
    out.u32(chunks.size());
    for (const Chunk& chunk : chunks) out.u64(data_at + chunk.at);
}

std::uint64_t media_ticks(const CopiedTrack& track) {
    return static_cast<std::uint64_t>(track.samples.back().decoded) + track.last_duration;
}

void write_track_head(Boxes& out, const CopiedMovie& movie, const CopiedTrack& track,
                      std::uint32_t id) {
    {
        const Box tkhd(out, "tkhd", 1, 3);  // enabled, in the movie
        out.u64(movie.created);
        out.u64(movie.created);
        out.u32(id);
        out.u32(0);
        out.u64(movie.duration);
        out.zeros(8 + 2 + 2);
        out.u16(track.kind == MovieKind::sound ? 0x100 : 0);  // volume
        out.u16(0);
        out.bytes(track.matrix);
        out.u32(track.width);
        out.u32(track.height);
    }
    const Box edts(out, "edts");
    const Box elst(out, "elst", 1, 0);
    out.u32(track.edits.size());
    for (const MovieEdit& edit : track.edits) {
        out.u64(edit.duration);
        out.u64(static_cast<std::uint64_t>(edit.media));
        out.u32(0x10000);
    }
}

void write_media_head(Boxes& out, MovieKind kind) {
    if (kind == MovieKind::sound) {
        const Box smhd(out, "smhd", 0, 0);
        out.zeros(4);
    } else {
        const Box vmhd(out, "vmhd", 0, 1);
        out.zeros(8);
    }
    write_data_reference(out);
}

void write_track(Boxes& out, const CopiedMovie& movie, const CopiedTrack& track, std::uint32_t id,
                 std::uint64_t data_at) {
    const Box trak(out, "trak");
    write_track_head(out, movie, track, id);
    const Box mdia(out, "mdia");
    {
        const Box mdhd(out, "mdhd", 1, 0);
        out.u64(movie.created);
        out.u64(movie.created);
        out.u32(track.ticks_per_second);
        out.u64(media_ticks(track));
        out.u16(0x55C4);  // language: und
        out.u16(0);
    }
    const bool is_sound = track.kind == MovieKind::sound;
    write_hdlr(out, is_sound ? "soun" : "vide", is_sound ? "SoundHandler" : "VideoHandler");
    const Box minf(out, "minf");
    write_media_head(out, track.kind);
    const Box stbl(out, "stbl");
    {
        const Box stsd(out, "stsd", 0, 0);
        out.u32(track.descriptions.size());
        for (const auto& description : track.descriptions) out.bytes(description);
    }
    write_times(out, track);
    write_places(out, track, data_at);
}

std::vector<std::uint8_t> with_data_at(const CopiedMovie& movie, std::uint64_t data_at) {
    Boxes out;
    {
        const Box ftyp(out, "ftyp");
        out.text("isom");
        out.u32(0x200);
        out.text("isomiso2avc1mp41");
    }
    {
        const Box moov(out, "moov");
        {
            const Box mvhd(out, "mvhd", 1, 0);
            out.u64(movie.created);
            out.u64(movie.created);
            out.u32(kCopiedTicksPerSecond);
            out.u64(movie.duration);
            out.u32(0x10000);  // rate 1.0
            out.u16(0x100);    // volume
            out.zeros(10);
            write_matrix(out);
            out.zeros(24);
            out.u32(movie.tracks.size() + 1);  // next track
        }
        std::uint32_t id = 0;
        for (const CopiedTrack& track : movie.tracks) write_track(out, movie, track, ++id, data_at);
    }
    out.u32(1);
    out.text("mdat");
    out.u64(kMdatHeadBytes + movie.media_bytes);
    return out.take();
}

}  // namespace

std::vector<std::uint8_t> encode_head(const CopiedMovie& movie) {
    assert(std::ranges::none_of(movie.tracks, [](const auto& t) { return t.samples.empty(); }));
    // Its size does not depend on the offsets in it.
    const std::uint64_t bytes = with_data_at(movie, 0).size();
    return with_data_at(movie, bytes);
}

}  // namespace st::mp4
