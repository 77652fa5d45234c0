#pragma once
/// What a camera sent since its newest key frame, kept as it came while nobody watches: the bytes
/// are those that the recording has, and packets are made of them only once somebody wants to see
/// them. One thread.
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/memory_budget.h"
#include "hub/gop_cache.h"
#include "hub/stream_memory.h"
#include "media/nal_peek.h"

namespace st::capture {

struct KeptFrame {
    SharedBuffer message;  ///< holds the payload
    Bytes payload;
    std::uint64_t timestamp_ms = 0;
    std::int64_t arrival_ns = 0;
};

class KeptFrames {
 public:
    /// `memory` outlives it: all that is kept is counted there as the hub's caches are.
    KeptFrames(hub::GopLimits limits, hub::StreamMemory& memory)
        : limits_(limits), memory_(memory), held_(memory.caches(), [] {}) {}

    /// Whether a decoder may begin with the picture that a frame with this `peek` begins, after
    /// those that were added or passed.
    bool begins(const media::NalPeek& peek) const { return entries_.begins(peek); }
    /// Keeps the frame; over a limit, and before the first key frame, it is not kept.
    void add(KeptFrame frame, const media::NalPeek& peek);
    /// Packets were made of it: only what stands before a picture is remembered.
    void pass(KeptFrame frame, const media::NalPeek& peek);
    /// Everything from the newest key frame on; empties it.
    std::vector<KeptFrame> take();
    /// Nobody should begin with what is kept any more.
    void expire() { clear(); }
    /// What comes next does not go on with what came.
    void forget();

    bool empty() const { return frames_.empty(); }
    std::size_t size() const { return frames_.size(); }
    std::size_t bytes() const { return bytes_; }

 private:
    void keep(KeptFrame frame);
    void clear();
    void clear_prefix();

    const hub::GopLimits limits_;
    std::deque<KeptFrame> frames_;
    hub::StreamMemory& memory_;
    std::size_t bytes_ = 0;       ///< of payload
    std::size_t held_bytes_ = 0;  ///< with what goes along with them
    MemoryBudget::Holder held_;
    std::vector<KeptFrame> prefix_;  ///< without a picture, since the last picture
    std::size_t prefix_bytes_ = 0;   ///< with what goes along with them
    MemoryBudget::Charge prefix_charge_;
    media::EntryPoints entries_;
};

}  // namespace st::capture
