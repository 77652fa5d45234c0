#pragma once
/// A window over a byte stream that is being read: bytes go in at the end, are looked at (and may
/// be changed) in place, and leave at the front. One thread.
#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/buffer.h"

namespace st {

class Window {
 public:
    /// Holds `bytes` at first; require() may grow it.
    explicit Window(std::size_t bytes) : memory_(bytes) {}

    /// Where to read into; never empty. Moves what is unread, so it ends every borrowed view.
    std::span<std::uint8_t> space() {
        const std::size_t unread = end_ - begin_;
        if (begin_ == end_) {
            begin_ = end_ = 0;
        } else if (begin_ > 0 && (memory_.size() - end_ < memory_.size() / 4 ||
                                  begin_ + wanted_ > memory_.size())) {
            std::memmove(memory_.data(), memory_.data() + begin_, unread);
            begin_ = 0;
            end_ = unread;
        }
        if (wanted_ > memory_.size()) {
            memory_.resize(wanted_ + kSlackBytes);
        } else if (end_ == memory_.size()) {
            memory_.resize(memory_.size() + memory_.size() / 2);
        }
        return {memory_.data() + end_, memory_.size() - end_};
    }

    /// `bytes` of space() have been filled.
    void commit(std::size_t bytes) {
        assert(bytes <= memory_.size() - end_);
        end_ += bytes;
    }

    /// What came in and was not consumed; valid until space().
    std::span<std::uint8_t> unread() { return {memory_.data() + begin_, end_ - begin_}; }

    void consume(std::size_t bytes) {
        assert(bytes <= end_ - begin_);
        begin_ += bytes;
        offset_ += bytes;
        wanted_ = 0;
    }

    /// The reader cannot go on before it sees `bytes` unread ones: space() makes room for them.
    void require(std::size_t bytes) { wanted_ = bytes; }

    /// Position of unread().front() in the whole stream.
    std::uint64_t offset() const { return offset_; }
    std::size_t capacity() const { return memory_.size(); }

 private:
    /// Beyond what was required, so that the next few bytes do not move everything again.
    static constexpr std::size_t kSlackBytes = 64 * 1024;

    Buffer memory_;  ///< size() is the room there is, not what is filled
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t wanted_ = 0;
    std::uint64_t offset_ = 0;
};

}  // namespace st
