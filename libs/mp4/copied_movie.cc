#include "mp4/copied_movie.h"

#include <algorithm>
#include <cassert>

#include "mp4/boxes.h"
#include "mp4/runs.h"
#include "mp4/table_boxes.h"
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
    write_sync_samples(out, samples.size(), [&](std::size_t i) { return samples[i].is_sync; });
}

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
    write_chunk_runs(out, chunks);
    write_sizes(out, track.samples.size(), [&](std::size_t i) { return track.samples[i].bytes; });
    // Always wide: the size of the head may not depend on the offsets in it.
    write_chunk_offsets(out, chunks, data_at, true);
}

std::uint64_t media_ticks(const CopiedTrack& track) {
    return static_cast<std::uint64_t>(track.samples.back().decoded) + track.last_duration;
}

void write_track(Boxes& out, const CopiedMovie& movie, const CopiedTrack& track, std::uint32_t id,
                 std::uint64_t data_at) {
    const Box trak(out, "trak");
    const bool is_sound = track.kind == MovieKind::sound;
    write_track_header(out, {.created = movie.created,
                             .id = id,
                             .duration = movie.duration,
                             .is_sound = is_sound,
                             .matrix = track.matrix,
                             .width = track.width,
                             .height = track.height});
    write_edit_list(out, 1, track.edits);
    const Box mdia(out, "mdia");
    write_media_header(out, {.created = movie.created,
                             .ticks_per_second = track.ticks_per_second,
                             .duration = media_ticks(track)});
    write_hdlr(out, is_sound ? "soun" : "vide", is_sound ? "SoundHandler" : "VideoHandler");
    const Box minf(out, "minf");
    write_kind_header(out, is_sound);
    write_data_reference(out);
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
    write_file_type(out, false);
    {
        const Box moov(out, "moov");
        write_movie_header(out, {.created = movie.created,
                                 .ticks_per_second = kCopiedTicksPerSecond,
                                 .duration = movie.duration,
                                 .next_track = movie.tracks.size() + 1});
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
