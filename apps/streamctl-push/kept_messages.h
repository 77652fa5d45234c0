#pragma once
/// What a camera that resumes has taken and the server does not have for sure: all of it goes out
/// again on the next connection. Pure. Spec: docs/camera.md, "Resuming".
#include <cstdint>
#include <deque>
#include <optional>

#include "base/buffer.h"

namespace st::streamctl {

class KeptMessages {
 public:
    struct Message {
        std::uint32_t seq = 0;  ///< wraps at 2^32
        std::uint64_t timestamp_us = 0;
        SharedBuffer payload;
    };

    void add(Message message);
    /// The oldest that has not gone out on this connection; null: none. Valid until the next call.
    const Message* next_unsent() const;
    void mark_sent();
    /// Another connection: nothing has gone out on it.
    void begin_again() { sent_ = 0; }
    /// The server has all up to there.
    void received(std::uint32_t seq);
    void clear();

    bool empty() const { return messages_.empty(); }
    std::size_t size() const { return messages_.size(); }
    std::size_t sent() const { return sent_; }  ///< of them, on this connection
    std::size_t bytes() const { return bytes_; }
    std::optional<std::uint32_t> first() const;

 private:
    std::deque<Message> messages_;  ///< in the order they were taken
    std::size_t sent_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace st::streamctl
