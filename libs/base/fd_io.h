#pragma once
/// Whole reads and writes: what the kernel does in parts, or breaks off for a signal, goes on.
#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/fd.h"

namespace st {

/// Whether a plain file is open there: no folder, pipe or device. `status`: what fstat() says of
/// it.
bool is_plain(const Fd& file, struct stat* status = nullptr);

/// A plain file in `directory` (AT_FDCWD: the current one, or an absolute name), closed on exec.
/// Does not wait for a pipe that is called so. Empty with errno if nothing can be opened; that is 0
/// if what is there is no plain file.
Fd open_plain(int directory, const std::string& name, int flags, struct stat* status = nullptr);

/// False with errno: not all of it could be written.
bool write_all(int fd, Bytes bytes);
bool write_all_at(int fd, Bytes bytes, std::uint64_t at);

/// How many bytes there are: fewer than asked for only at the end of the file. nullopt with errno:
/// they cannot be read.
std::optional<std::size_t> read_up_to(int fd, std::span<std::uint8_t> into, std::uint64_t at);

}  // namespace st
