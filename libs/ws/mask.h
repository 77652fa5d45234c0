#pragma once
/// Masking of RFC 6455 section 5.3: byte i of a payload is XORed with key[i % 4]. Doing it twice
/// undoes it.
#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace st::ws {

using MaskKey = std::array<std::uint8_t, 4>;

/// Copies `from` to `to` (as many bytes, not overlapping), XORed. `offset` is the place of from[0]
/// in the payload. 64 bytes at a time.
void copy_masked(std::uint8_t* to, Bytes from, MaskKey key, std::uint64_t offset);

}  // namespace st::ws
