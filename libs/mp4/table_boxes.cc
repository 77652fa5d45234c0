#include "mp4/table_boxes.h"

namespace st::mp4 {

void write_chunk_runs(Boxes& out, std::span<const Chunk> chunks) {
    const Box stsc(out, "stsc", 0, 0);
    const std::uint64_t count_at = out.position();
    std::uint64_t count = 0;
    out.u32(0);
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        const Chunk& chunk = chunks[i];
        if (i > 0 && chunk.samples == chunks[i - 1].samples &&
            chunk.description == chunks[i - 1].description) {
            continue;
        }
        out.u32(i + 1);
        out.u32(chunk.samples);
        out.u32(std::uint64_t{chunk.description} + 1);
        ++count;
    }
    out.patch_u32(count_at, count);
}

void write_chunk_offsets(Boxes& out, std::span<const Chunk> chunks, std::uint64_t zero, bool wide) {
    const Box stco(out, wide ? "co64" : "stco", 0, 0);
    out.u32(chunks.size());
    for (const Chunk& chunk : chunks) out.time(wide ? 1 : 0, zero + chunk.at);
}

}  // namespace st::mp4
