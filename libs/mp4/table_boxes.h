#pragma once
/// Boxes of a sample table. ISO/IEC 14496-12, 8.6 and 8.7.
#include <cstdint>
#include <span>

#include "mp4/boxes.h"

namespace st::mp4 {

/// Samples that lie one behind the other and have one description.
struct Chunk {
    std::uint64_t at = 0;
    std::uint32_t samples = 0;
    std::uint32_t description = 0;  ///< from 0
};

/// stss: where a player may begin, by is_sync(sample); no box if it may anywhere.
template <class IsSync>
void write_sync_samples(Boxes& out, std::size_t samples, const IsSync& is_sync) {
    std::size_t i = 0;
    while (i < samples && is_sync(i)) ++i;
    if (i == samples) return;
    const Box stss(out, "stss", 0, 0);
    const std::uint64_t count_at = out.position();
    std::uint64_t count = 0;
    out.u32(0);
    for (i = 0; i < samples; ++i) {
        if (!is_sync(i)) continue;
        out.u32(i + 1);
        ++count;
    }
    out.patch_u32(count_at, count);
}

/// stsz: bytes_of(sample) of each.
template <class BytesOf>
void write_sizes(Boxes& out, std::size_t samples, const BytesOf& bytes_of) {
    const Box stsz(out, "stsz", 0, 0);
    out.u32(0);
    out.u32(samples);
    for (std::size_t i = 0; i < samples; ++i) out.u32(bytes_of(i));
}

/// stsc: how many samples each chunk has.
void write_chunk_runs(Boxes& out, std::span<const Chunk> chunks);
/// stco, or co64 if they are `wide`: where each begins, counted from `zero`.
void write_chunk_offsets(Boxes& out, std::span<const Chunk> chunks, std::uint64_t zero, bool wide);

}  // namespace st::mp4
