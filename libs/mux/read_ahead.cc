#include "mux/read_ahead.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace st::mux {

ReadAhead::ReadAhead(int fd) : fd_(fd) {
    for (Block& block : blocks_)
        block.bytes = std::make_unique_for_overwrite<std::uint8_t[]>(kBlockBytes);
    thread_ = std::thread([this] { run(); });
}

ReadAhead::~ReadAhead() {
    {
        const Lock lock(mutex_);
        is_over_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void ReadAhead::run() {
    std::uint64_t at = 0;
    for (std::size_t next = 0;; next = 1 - next) {
        Block& block = blocks_[next];
        {
            Lock lock(mutex_);
            while (block.is_full && !is_over_) changed_.wait(lock.native());
            if (is_over_) return;
        }
        do {
            block.size = ::pread(fd_, block.bytes.get(), kBlockBytes, static_cast<off_t>(at));
        } while (block.size < 0 && errno == EINTR);
        block.error = errno;
        at += static_cast<std::uint64_t>(std::max<std::ptrdiff_t>(block.size, 0));
        const bool is_last = block.size <= 0;
        {
            const Lock lock(mutex_);
            block.is_full = true;
        }
        changed_.notify_all();
        if (is_last) return;
    }
}

std::ptrdiff_t ReadAhead::take(std::span<std::uint8_t> into) {
    Block& block = blocks_[current_];
    {
        Lock lock(mutex_);
        while (!block.is_full) changed_.wait(lock.native());
    }
    if (block.size <= 0) {
        if (thread_.joinable()) thread_.join();
        errno = block.error;
        return block.size;
    }
    const auto size = static_cast<std::size_t>(block.size);
    const std::size_t count = std::min(into.size(), size - taken_);
    std::copy_n(block.bytes.get() + taken_, count, into.begin());
    taken_ += count;
    if (taken_ < size) return static_cast<std::ptrdiff_t>(count);
    taken_ = 0;
    current_ = 1 - current_;
    {
        const Lock lock(mutex_);
        block.is_full = false;
    }
    changed_.notify_all();
    return static_cast<std::ptrdiff_t>(count);
}

}  // namespace st::mux
