#include "mp4/moov.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <vector>

#include "mp4/runs.h"
#include "mp4/table_boxes.h"
#include "mp4/track_boxes.h"

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
    write_sync_samples(out, samples.count,
                       [&](std::size_t i) { return samples.picture(i).is_sync; });
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

/// Of the same number of samples each, about a MiB: a player seeks by reading one offset. All
/// samples of a chunk have one description.
std::vector<Chunk> make_chunks(const Track& track, std::uint64_t bytes) {
    const Samples& samples = track.samples;
    const std::uint64_t average = std::max<std::uint64_t>(bytes / samples.count, 1);
    const std::size_t most = std::clamp<std::size_t>(kChunkBytes / average, 1, samples.count);
    std::vector<Chunk> chunks;
    std::uint64_t data_at = 0;
    std::size_t format = 0;
    auto change = track.later.changes.begin();
    for (std::size_t at = 0; at < samples.count;) {
        if (change != track.later.changes.end() && change->sample == at) format = change++->format;
        const std::size_t end =
            change != track.later.changes.end() ? change->sample : samples.count;
        assert(end > at && end <= samples.count);
        const std::size_t next = at + std::min(most, end - at);
        chunks.push_back(
            {data_at, static_cast<std::uint32_t>(next - at), static_cast<std::uint32_t>(format)});
        for (; at < next; ++at) data_at += samples.picture(at).bytes;
    }
    return chunks;
}

void write_places(Boxes& out, const Track& track, std::uint64_t data_at) {
    const Samples& samples = track.samples;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < samples.count; ++i) bytes += samples.picture(i).bytes;
    const std::vector<Chunk> chunks = make_chunks(track, bytes);
    write_chunk_runs(out, chunks);
    write_sizes(out, samples.count, [&](std::size_t i) { return samples.picture(i).bytes; });
    write_chunk_offsets(out, chunks, data_at, data_at + bytes > kU32Max);
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
    write_file_type(out, false);
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
