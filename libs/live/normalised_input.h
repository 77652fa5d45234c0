#pragma once
/// A publisher's packets made uniform (flv/normaliser.h) on their way into a stream. A picture that
/// may go on in the next packet is held, but not for long. Lives on its executor's thread.
#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include "flv/normaliser.h"
#include "hub/delivery_queue.h"

namespace st::live {

class NormalisedInput {
 public:
    using Push = std::function<void(media::Packet packet, std::int64_t now_ns)>;

    /// `executor` outlives it, and so does what `push` and `on_flushed` use. `on_flushed`: what was
    /// held has gone on although nothing came.
    NormalisedInput(
        hub::Executor& executor, Push push, std::function<void()> on_flushed = [] {})
        : executor_(executor), push_(std::move(push)), on_flushed_(std::move(on_flushed)) {}
    ~NormalisedInput() { executor_.cancel(timer_); }
    NormalisedInput(const NormalisedInput&) = delete;
    NormalisedInput& operator=(const NormalisedInput&) = delete;

    /// False: the packet, or one that was held, could not be used; normaliser() knows why.
    bool feed(media::Packet packet, std::int64_t now_ns);
    /// Nothing more comes.
    void flush();
    /// Another publisher begins.
    void restart();
    const flv::Normaliser& normaliser() const { return normaliser_; }

 private:
    void push_all(std::int64_t now_ns);
    void flush_later();

    hub::Executor& executor_;
    const Push push_;
    const std::function<void()> on_flushed_;
    flv::Normaliser normaliser_;
    std::vector<media::Packet> packets_;  ///< out of it; kept for its memory
    hub::TimerId timer_ = 0;
    std::int64_t fed_ns_ = 0;  ///< with pictures
};

}  // namespace st::live
