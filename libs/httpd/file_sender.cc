#include "httpd/file_sender.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace st::httpd {
namespace {

/// As many bytes as there are, up to `size`; short at an error or the file's end.
Buffer read_piece(const FileRange& range) {
    const auto size = static_cast<std::size_t>(range.bytes);
    Buffer piece(size);
    if (range.memory) {
        const Bytes whole = range.memory->bytes();
        std::ranges::copy(whole.subspan(static_cast<std::size_t>(range.offset), size),
                          piece.data());
        return piece;
    }
    std::size_t got = 0;
    while (got < size) {
        const auto n = ::pread(range.file->get(), piece.data() + got, size - got,
                               static_cast<off_t>(range.offset + got));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        got += static_cast<std::size_t>(n);
    }
    piece.resize(got);
    return piece;
}

}  // namespace

std::uint64_t bytes_of(const std::vector<FileRange>& ranges) {
    std::uint64_t sum = 0;
    for (const FileRange& range : ranges) sum += range.bytes;
    return sum;
}

std::vector<FileRange> part_of(const std::vector<FileRange>& ranges, std::uint64_t offset,
                               std::uint64_t bytes) {
    std::vector<FileRange> part;
    for (FileRange range : ranges) {
        const std::uint64_t skipped = std::min(offset, range.bytes);
        offset -= skipped;
        range.offset += skipped;
        range.bytes = std::min(range.bytes - skipped, bytes);
        bytes -= range.bytes;
        if (range.bytes > 0) part.push_back(std::move(range));
    }
    return part;
}

FileSender::FileSender(loop::Transport& stream, loop::BlockingWork& disk,
                       std::vector<FileRange> ranges, std::function<void()> sent,
                       std::function<void(bool)> done)
    : stream_(stream),
      disk_(disk),
      ranges_(std::move(ranges)),
      sent_(std::move(sent)),
      done_(std::move(done)),
      self_(std::make_shared<FileSender*>(this)) {}

void FileSender::read_next() {
    while (at_ < ranges_.size() && ranges_[at_].bytes == 0) ++at_;
    if (at_ == ranges_.size()) return done_(true);
    reading_ = true;
    FileRange range = ranges_[at_];
    range.bytes = std::min<std::uint64_t>(range.bytes, kPieceBytes);
    disk_.post(loop::Effort::quick,
               [&net = stream_.loop(), weak = std::weak_ptr<FileSender*>(self_), range] {
                   net.post([weak, piece = share(read_piece(range))] {
                       if (const auto self = weak.lock()) (*self)->on_piece(piece);
                   });
               });
}

void FileSender::on_piece(const SharedBuffer& piece) {
    reading_ = false;
    if (piece->empty()) return done_(false);
    ranges_[at_].offset += piece->size();
    ranges_[at_].bytes -= piece->size();
    stream_.send(piece);
    sent_();
    if (stream_.queued_bytes() == 0) read_next();
}

void FileSender::on_drained() {
    if (!reading_) read_next();
}

}  // namespace st::httpd
