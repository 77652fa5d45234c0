#pragma once
/// Buffers waiting to be sent, in order, and how much of the first is out already. A ring that
/// costs nothing until something waits (a std::deque takes 600 bytes at once, per viewer). One
/// thread.
#include <sys/uio.h>

#include <memory>
#include <span>

#include "base/buffer.h"

namespace st::loop {

class OutputQueue {
 public:
    bool empty() const { return count_ == 0; }
    /// Bytes not sent yet.
    std::size_t bytes() const { return bytes_; }

    /// `sent`: how many bytes of `buffer` are out already, at most its size. Must be 0 unless the
    /// queue is empty. A buffer of which nothing is left is not kept.
    void push(SharedBuffer buffer, std::size_t sent = 0);
    /// Points `pieces` at what comes next; returns how many were filled. Valid until consume().
    std::size_t gather(std::span<iovec> pieces) const;
    /// `sent` more bytes are out, at most bytes().
    void consume(std::size_t sent);
    void clear();

 private:
    /// Kept when the queue is empty: a viewer that had to wait once will again.
    static constexpr std::size_t kKeptCapacity = 16;

    SharedBuffer& slot(std::size_t i) const { return ring_[(first_ + i) & (capacity_ - 1)]; }
    void grow();

    std::unique_ptr<SharedBuffer[]> ring_;
    std::size_t capacity_ = 0;  ///< a power of two, or 0
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    std::size_t first_sent_ = 0;  ///< bytes of the first buffer that are out
    std::size_t bytes_ = 0;
};

}  // namespace st::loop
