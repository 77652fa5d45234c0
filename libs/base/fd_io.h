#pragma once
/// Whole reads and writes: what the kernel does in parts, or breaks off for a signal, goes on.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"

namespace st {

/// False with errno: not all of it could be written.
bool write_all(int fd, Bytes bytes);
bool write_all_at(int fd, Bytes bytes, std::uint64_t at);

/// How many bytes there are: fewer than asked for only at the end of the file. nullopt with errno:
/// they cannot be read.
std::optional<std::size_t> read_up_to(int fd, std::span<std::uint8_t> into, std::uint64_t at);

}  // namespace st
