#include "archive/movie_file.h"

#include "base/fd_io.h"

namespace st::archive {

mp4::MovieSource source_of(int fd, std::uint64_t bytes) {
    return {bytes, [fd](std::uint64_t at, std::span<std::uint8_t> into) {
                return read_up_to(fd, into, at) == into.size();
            }};
}

}  // namespace st::archive
