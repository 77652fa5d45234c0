#pragma once
/// Sends pieces of files over a stream: read by the disk worker 256 KiB at a time, so that a slow
/// reader costs that much memory and no thread.
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/fd.h"
#include "loop/task_pool.h"
#include "loop/transport.h"

namespace st::httpd {

/// An open regular file, or bytes in memory, and what of it is wanted.
struct FileRange {
    std::shared_ptr<const Fd> file;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    SharedBuffer memory{};  ///< set: instead of a file
};

std::uint64_t bytes_of(const std::vector<FileRange>& ranges);
/// `bytes` of all of them, from `offset` on; both within bytes_of(ranges).
std::vector<FileRange> part_of(const std::vector<FileRange>& ranges, std::uint64_t offset,
                               std::uint64_t bytes);

class FileSender {
 public:
    static constexpr std::size_t kPieceBytes = 256 * 1024;

    /// `sent()` when a piece was handed to the stream. `done(true)` once the last byte is handed to
    /// the stream's queue and that is empty, or nothing was to be sent; `done(false)` if a file
    /// could not be read to the promised length. On the stream's loop.
    FileSender(loop::Transport& stream, loop::BlockingWork& disk, std::vector<FileRange> ranges,
               std::function<void()> sent, std::function<void(bool)> done);

    void start() { read_next(); }
    /// The owner's on_drained().
    void on_drained();

 private:
    void read_next();
    void on_piece(const SharedBuffer& piece);

    loop::Transport& stream_;
    loop::BlockingWork& disk_;
    std::vector<FileRange> ranges_;
    std::size_t at_ = 0;  ///< of the range that is being sent
    std::function<void()> sent_;
    std::function<void(bool)> done_;
    bool reading_ = false;
    std::shared_ptr<FileSender*> self_;  ///< pieces that arrive after our end find it null
};

}  // namespace st::httpd
