#pragma once
/// What is remembered of each picture between reading it and writing the sample tables: 24 bytes.
#include <cstdint>

#include "base/block_list.h"

namespace st::mp4 {

constexpr std::uint32_t kSampleBytesMax = (1U << 28) - 1;

/// In decoding order.
struct Picture {
    std::uint64_t device_us = 0;  ///< as declared; modulo 2^64
    std::uint64_t arrival_ns = 0;
    std::int32_t order = 0;  ///< picture order count
    std::uint32_t bytes : 28 = 0;
    std::uint32_t is_sync : 1 = 0;
    std::uint32_t begins_sequence : 1 = 0;  ///< order counts compare only from here on
    std::uint32_t is_seam : 1 = 0;          ///< the first one of another input
    std::uint32_t is_bare : 1 = 0;          ///< of a bare stream: it came without times

    /// The first one of a bare stream, after `before` (nullptr: none).
    bool begins_bare(const Picture* before) const {
        return is_bare != 0 && (before == nullptr || is_seam != 0 || before->is_bare == 0);
    }
};
static_assert(sizeof(Picture) == 24);

using PictureIndex = BlockList<Picture>;

}  // namespace st::mp4
