#pragma once
/// A file read by a thread of its own, two blocks ahead: while one block is being worked on, the
/// kernel copies the next.
#include <array>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>

#include "base/sync.h"

namespace st::mux {

class ReadAhead {
 public:
    /// Reads `fd` (borrowed, seekable) from its beginning. Throws std::system_error: no thread.
    explicit ReadAhead(int fd);
    ~ReadAhead();
    ReadAhead(const ReadAhead&) = delete;
    ReadAhead& operator=(const ReadAhead&) = delete;

    /// The next bytes, at least one; 0 at the end, where the thread has ended, too. -1: errno is
    /// that of the read that failed. One thread.
    std::ptrdiff_t take(std::span<std::uint8_t> into) ST_EXCLUDES(mutex_);

 private:
    static constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
    struct Block {
        std::unique_ptr<std::uint8_t[]> bytes;
        std::ptrdiff_t size = 0;  ///< as pread() said; 0: the end
        int error = 0;
        bool is_full = false;
    };

    void run() ST_EXCLUDES(mutex_);

    const int fd_;
    Mutex mutex_;
    std::condition_variable changed_;
    /// A full block belongs to take(), an empty one to the thread; only is_full needs the lock.
    std::array<Block, 2> blocks_;
    bool is_over_ ST_GUARDED_BY(mutex_) = false;
    std::size_t current_ = 0;  ///< take()'s
    std::size_t taken_ = 0;    ///< of it
    std::thread thread_;
};

}  // namespace st::mux
