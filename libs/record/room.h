#pragma once
/// How much room a disk must have for a recording to begin. Pure.
#include <algorithm>
#include <cstdint>

namespace st::record {

/// Bytes that must be free on a disk of that size, whatever is being written: with less, a
/// recording that begins would soon fail. Of a small disk an eighth is enough.
constexpr std::uint64_t room_to_begin(std::uint64_t disk_bytes) {
    constexpr std::uint64_t kRoomBytes = std::uint64_t{64} << 20;
    return std::min(kRoomBytes, disk_bytes / 8);
}

}  // namespace st::record
