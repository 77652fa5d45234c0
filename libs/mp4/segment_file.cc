#include "mp4/segment_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/fd_io.h"

namespace st::mp4 {
namespace {

constexpr std::size_t kPiecesMax = 1024;  // IOV_MAX

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

DiskSegmentFile::DiskSegmentFile(Fd fd) : fd_(std::move(fd)) {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) fail("fstat");
    size_ = static_cast<std::uint64_t>(status.st_size);
}

void DiskSegmentFile::append(std::span<const Bytes> pieces) {
    vectors_.clear();
    for (const Bytes piece : pieces) {
        // writev does not write through it.
        if (!piece.empty()) {
            vectors_.push_back({const_cast<std::uint8_t*>(piece.data()), piece.size()});
        }
    }
    std::size_t first = 0;
    while (first < vectors_.size()) {
        const std::size_t count = std::min(kPiecesMax, vectors_.size() - first);
        const ssize_t written = ::pwritev(fd_.get(), vectors_.data() + first,
                                          static_cast<int>(count), static_cast<off_t>(size_));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("write");
        size_ += static_cast<std::uint64_t>(written);
        auto left = static_cast<std::size_t>(written);
        while (first < vectors_.size() && left >= vectors_[first].iov_len) {
            left -= vectors_[first++].iov_len;
        }
        if (left > 0) {
            vectors_[first].iov_base = static_cast<std::uint8_t*>(vectors_[first].iov_base) + left;
            vectors_[first].iov_len -= left;
        }
    }
}

void DiskSegmentFile::write_at(std::uint64_t at, Bytes bytes) {
    if (!write_all_at(fd_.get(), bytes, at)) fail("write");
}

std::size_t DiskSegmentFile::read_at(std::uint64_t at, std::span<std::uint8_t> into) {
    const auto got = read_up_to(fd_.get(), into, at);
    if (!got) fail("read");
    return *got;
}

void DiskSegmentFile::truncate(std::uint64_t bytes) {
    if (::ftruncate(fd_.get(), static_cast<off_t>(bytes)) != 0) fail("truncate");
    size_ = bytes;
}

void DiskSegmentFile::sync() {
    if (::fdatasync(fd_.get()) != 0) fail("sync");
}

}  // namespace st::mp4
