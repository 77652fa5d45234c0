#pragma once
/// An open file as what mp4/movie.h reads. Private to libs/archive.
#include "mp4/movie.h"

namespace st::archive {

/// Borrows the descriptor.
mp4::MovieSource source_of(int fd, std::uint64_t bytes);

}  // namespace st::archive
