#pragma once
/// Sends a piece of a file over a stream: read by the disk worker in pieces of 256 KiB, one at a
/// time, so that a slow reader costs one piece of memory and no thread.
#include <cstdint>
#include <functional>
#include <memory>

#include "base/fd.h"
#include "loop/task_pool.h"
#include "loop/transport.h"

namespace st::httpd {

/// An open regular file and the bytes of it that are wanted.
struct FileRange {
    std::shared_ptr<Fd> file;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

class FileSender {
 public:
    static constexpr std::size_t kPieceBytes = 256 * 1024;

    /// `done(true)` once the last byte is handed to the stream's queue and that is empty;
    /// `done(false)` if the file could not be read to the promised length. On the stream's loop.
    FileSender(loop::Transport& stream, loop::BlockingWork& disk, FileRange range,
               std::function<void(bool)> done);

    void start() { read_next(); }
    /// The owner's on_drained().
    void on_drained();

 private:
    void read_next();
    void on_piece(const SharedBuffer& piece);

    loop::Transport& stream_;
    loop::BlockingWork& disk_;
    FileRange range_;
    std::function<void(bool)> done_;
    bool reading_ = false;
    std::shared_ptr<FileSender*> self_;  ///< pieces that arrive after our end find it null
};

}  // namespace st::httpd
