#include "mp4/moov.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <vector>

#include "mp4/runs.h"

namespace st::mp4 {
namespace {

constexpr std::uint64_t kChunkBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kFtypBytes = 32;
constexpr std::uint64_t kBoxHeadBytes = 8;

void write_times(Boxes& out, const Track& track) {
    const Samples& samples = track.samples;
    {
        const Box stts(out, "stts", 0, 0);
        Runs runs(out);
        std::int64_t now = samples.decoded(0, track.depth);
        for (std::size_t i = 1; i < samples.count; ++i) {
            const std::int64_t next = samples.decoded(i, track.depth);
            assert(next > now && next - now <= static_cast<std::int64_t>(kU32Max));
            runs.add(static_cast<std::uint32_t>(next - now));
            now = next;
        }
        runs.add(static_cast<std::uint32_t>(samples.usual_ticks));
        runs.end();
    }
    bool all_sync = true;
    for (std::size_t i = 0; i < samples.count && all_sync; ++i)
        all_sync = samples.picture(i).is_sync;
    if (!all_sync) {
        const Box stss(out, "stss", 0, 0);
        const std::uint64_t count_at = out.position();
        std::uint64_t count = 0;
        out.u32(0);
        for (std::size_t i = 0; i < samples.count; ++i) {
            if (!samples.picture(i).is_sync) continue;
            out.u32(i + 1);
            ++count;
        }
        out.patch_u32(count_at, count);
    }
    if (track.depth == 0) return;
    const Box ctts(out, "ctts", 0, 0);
    Runs runs(out);
    for (std::size_t i = 0; i < samples.count; ++i) {
        const std::int64_t offset = samples.shown(i) - samples.decoded(i, track.depth);
        assert(offset >= 0 && offset <= static_cast<std::int64_t>(kU32Max));
        runs.add(static_cast<std::uint32_t>(offset));
    }
    runs.end();
}

struct Chunk {
    std::size_t samples;
    std::size_t format;
    bool operator==(const Chunk&) const = default;
};

/// Of the same number of samples each, about a MiB: a player seeks by reading one offset. All
/// samples of a chunk have one description.
std::vector<Chunk> make_chunks(const Track& track, std::uint64_t bytes) {
    const std::size_t count = track.samples.count;
    const std::uint64_t average = std::max<std::uint64_t>(bytes / count, 1);
    const std::size_t most = std::clamp<std::size_t>(kChunkBytes / average, 1, count);
    std::vector<Chunk> chunks;
    std::size_t format = 0;
    auto change = track.later.changes.begin();
    for (std::size_t at = 0; at < count; at += chunks.back().samples) {
        if (change != track.later.changes.end() && change->sample == at) format = change++->format;
        const std::size_t end = change != track.later.changes.end() ? change->sample : count;
        assert(end > at && end <= count);
        chunks.push_back({std::min(most, end - at), format});
    }
    return chunks;
}

void write_chunk_runs(Boxes& out, const std::vector<Chunk>& chunks) {
    const Box stsc(out, "stsc", 0, 0);
    const std::uint64_t count_at = out.position();
    std::uint64_t count = 0;
    out.u32(0);
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        if (i > 0 && chunks[i] == chunks[i - 1]) continue;
        out.u32(i + 1);
        out.u32(chunks[i].samples);
        out.u32(chunks[i].format + 1);
        ++count;
    }
    out.patch_u32(count_at, count);
}

void write_places(Boxes& out, const Track& track, std::uint64_t data_at) {
    const Samples& samples = track.samples;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < samples.count; ++i) bytes += samples.picture(i).bytes;
    const std::vector<Chunk> chunks = make_chunks(track, bytes);
    write_chunk_runs(out, chunks);
    {
        const Box stsz(out, "stsz", 0, 0);
        out.u32(0);
        out.u32(samples.count);
        for (std::size_t i = 0; i < samples.count; ++i) out.u32(samples.picture(i).bytes);
    }
    const bool wide = data_at + bytes > kU32Max;
    const Box stco(out, wide ? "co64" : "stco", 0, 0);
    out.u32(chunks.size());
    std::uint64_t at = data_at;
    std::size_t i = 0;
    for (const Chunk& chunk : chunks) {
        out.time(wide ? 1 : 0, at);
        for (const std::size_t end = i + chunk.samples; i < end; ++i)
            at += samples.picture(i).bytes;
    }
}

void write_index(Boxes& out, const Track& track, std::uint64_t data_at) {
    write_moov(out, track, false, [&] {
        write_times(out, track);
        write_places(out, track, data_at);
    });
}

void write_mdat_size(SampleFile& file, std::uint64_t data_at) {
    const std::uint64_t end = file.position();
    std::array<std::uint8_t, 16> head{};
    if (end - (data_at - 8) <= kU32Max) {
        store_be32(head.data(), static_cast<std::uint32_t>(end - (data_at - 8)));
        file.patch(data_at - 8, Bytes(head).first(4));
    } else {
        store_be32(head.data(), 1);
        std::copy_n("mdat", 4, head.begin() + 4);
        store_be64(head.data() + 8, end - (data_at - 16));
        file.patch(data_at - 16, head);
    }
}

bool fits(std::uint64_t bytes, std::uint64_t room) {
    return bytes == room || bytes + kBoxHeadBytes <= room;
}

/// The index into the room in front of the samples; the samples move up if it is too small.
void write_index_in_front(SampleFile& file, const Track& track, std::uint64_t room) {
    std::vector<std::uint8_t> moov;
    for (;;) {
        Boxes out;
        out.reserve(room);
        write_index(out, track, kMp4HeadBytes + room);
        moov = out.take();
        if (fits(moov.size(), room)) break;
        // Later offsets may need more bytes: then once more.
        const std::uint64_t more = moov.size() + kBoxHeadBytes - room;
        file.make_room(kFtypBytes + room, more);
        room += more;
    }
    file.patch(kFtypBytes, moov);
    if (moov.size() == room) return;
    std::array<std::uint8_t, kBoxHeadBytes> rest{};
    store_be32(rest.data(), static_cast<std::uint32_t>(room - moov.size()));
    std::copy_n("free", 4, rest.begin() + 4);
    file.patch(kFtypBytes + moov.size(), rest);
}

}  // namespace

void begin_mp4(SampleFile& file, std::uint64_t index_room) {
    assert(file.position() == 0 && (index_room == 0 || index_room >= kBoxHeadBytes));
    Boxes out(file);
    {
        const Box ftyp(out, "ftyp");
        out.text("isom");
        out.u32(0x200);
        out.text("isomiso2avc1mp41");
    }
    if (index_room > 0) {
        out.u32(index_room);
        out.text("free");
        out.flush();
        file.skip(index_room - kBoxHeadBytes);
    }
    // Room for the 64-bit length of a large mdat; else an empty box.
    out.u32(8);
    out.text("free");
    out.u32(0);
    out.text("mdat");
    out.flush();
    assert(file.position() == kMp4HeadBytes + index_room);
}

void end_mp4(SampleFile& file, const Track& track, std::uint64_t index_room) {
    assert(track.samples.count > 0);
    write_mdat_size(file, kMp4HeadBytes + index_room);
    if (index_room > 0) return write_index_in_front(file, track, index_room);
    Boxes out(file);
    write_index(out, track, kMp4HeadBytes);
    out.flush();
    file.flush();
}

}  // namespace st::mp4
