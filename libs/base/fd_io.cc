#include "base/fd_io.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace st {
namespace {

/// `write` of what is left; one that writes nothing would go on for ever.
template <class Write>
bool write_whole(Bytes bytes, const Write& write) {
    while (!bytes.empty()) {
        const ssize_t written = write(bytes);
        if (written < 0 && errno == EINTR) continue;
        if (written == 0) errno = EIO;
        if (written <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

bool is_plain(const Fd& file, struct stat* status) {
    struct stat there {};
    if (::fstat(file.get(), &there) != 0 || !S_ISREG(there.st_mode)) return false;
    if (status != nullptr) *status = there;
    return true;
}

Fd open_plain(int directory, const std::string& name, int flags, struct stat* status) {
    Fd file(::openat(directory, name.c_str(), flags | O_CLOEXEC | O_NONBLOCK));
    if (!file || is_plain(file, status)) return file;
    file.reset();
    errno = 0;
    return file;
}

bool write_all(int fd, Bytes bytes) {
    return write_whole(bytes, [&](Bytes left) { return ::write(fd, left.data(), left.size()); });
}

bool write_all_at(int fd, Bytes bytes, std::uint64_t at) {
    return write_whole(bytes, [&](Bytes left) {
        const std::uint64_t done = bytes.size() - left.size();
        return ::pwrite(fd, left.data(), left.size(), static_cast<off_t>(at + done));
    });
}

std::optional<std::size_t> read_up_to(int fd, std::span<std::uint8_t> into, std::uint64_t at) {
    std::size_t done = 0;
    while (done < into.size()) {
        const ssize_t got =
            ::pread(fd, into.data() + done, into.size() - done, static_cast<off_t>(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::nullopt;
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

}  // namespace st
