#include "archive/movie_file.h"

#include <unistd.h>

#include <cerrno>

namespace st::archive {

mp4::MovieSource source_of(int fd, std::uint64_t bytes) {
    return {bytes, [fd](std::uint64_t at, std::span<std::uint8_t> into) {
                while (!into.empty()) {
                    const ssize_t got =
                        ::pread(fd, into.data(), into.size(), static_cast<off_t>(at));
                    if (got < 0 && errno == EINTR) continue;
                    if (got <= 0) return false;
                    at += static_cast<std::uint64_t>(got);
                    into = into.subspan(static_cast<std::size_t>(got));
                }
                return true;
            }};
}

}  // namespace st::archive
