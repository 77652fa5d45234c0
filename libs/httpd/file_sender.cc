#include "httpd/file_sender.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace st::httpd {
namespace {

/// As many bytes as there are, up to `size`; short at an error or the file's end.
Buffer read_piece(int fd, std::uint64_t offset, std::size_t size) {
    Buffer piece(size);
    std::size_t got = 0;
    while (got < size) {
        const auto n =
            ::pread(fd, piece.data() + got, size - got, static_cast<off_t>(offset + got));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        got += static_cast<std::size_t>(n);
    }
    piece.resize(got);
    return piece;
}

}  // namespace

FileSender::FileSender(loop::Transport& stream, loop::BlockingWork& disk, FileRange range,
                       std::function<void(bool)> done)
    : stream_(stream),
      disk_(disk),
      range_(std::move(range)),
      done_(std::move(done)),
      self_(std::make_shared<FileSender*>(this)) {}

void FileSender::read_next() {
    if (range_.bytes == 0) return done_(true);
    reading_ = true;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(range_.bytes, kPieceBytes));
    disk_.post(loop::Effort::quick,
               [&net = stream_.loop(), weak = std::weak_ptr<FileSender*>(self_), file = range_.file,
                offset = range_.offset, size] {
                   net.post([weak, piece = share(read_piece(file->get(), offset, size))] {
                       if (const auto self = weak.lock()) (*self)->on_piece(piece);
                   });
               });
}

void FileSender::on_piece(const SharedBuffer& piece) {
    reading_ = false;
    if (piece->empty()) return done_(false);
    range_.offset += piece->size();
    range_.bytes -= piece->size();
    stream_.send(piece);
    if (stream_.queued_bytes() == 0) read_next();
}

void FileSender::on_drained() {
    if (!reading_) read_next();
}

}  // namespace st::httpd
