#include "capture/kept_frames.h"

#include <iterator>
#include <utility>

namespace st::capture {
namespace {

/// Parameter sets and SEI in messages of their own, before a picture.
constexpr std::size_t kPrefixBytesMax = 64 * 1024;

}  // namespace

void KeptFrames::note(KeptFrame frame, const media::NalPeek& peek) {
    const std::size_t bytes = frame.payload.size();
    entries_.note(peek);
    if (peek.vcl || prefix_bytes_ + bytes > kPrefixBytesMax) {
        return clear_prefix();
    }
    prefix_bytes_ += bytes;
    prefix_.push_back(std::move(frame));
}

void KeptFrames::pass(KeptFrame frame, const media::NalPeek& peek) { note(std::move(frame), peek); }

void KeptFrames::add(KeptFrame frame, const media::NalPeek& peek) {
    if (begins(peek)) {
        clear();
        for (const KeptFrame& before : prefix_) keep(before);
    }
    if (begins(peek) || !frames_.empty()) {
        keep(frame);
        memory_.caches();  // as large as the budget is now
        const std::int64_t age_ms = (frame.arrival_ns - frames_.front().arrival_ns) / 1'000'000;
        if (frames_.size() > limits_.packets || bytes_ > limits_.bytes || age_ms > limits_.age_ms ||
            !held_.set(held_bytes_)) {
            clear();
        }
    }
    note(std::move(frame), peek);
}

void KeptFrames::keep(KeptFrame frame) {
    bytes_ += frame.message->size();
    held_bytes_ += frame.message->capacity() + sizeof(KeptFrame);
    frame.message = memory_.keep(std::move(frame.message));
    frames_.push_back(std::move(frame));
}

void KeptFrames::forget() {
    clear();
    clear_prefix();
    entries_ = {};
}

void KeptFrames::clear_prefix() {
    prefix_.clear();
    prefix_bytes_ = 0;
}

void KeptFrames::clear() {
    frames_.clear();
    bytes_ = held_bytes_ = 0;
    held_.set(0);
}

std::vector<KeptFrame> KeptFrames::take() {
    std::vector<KeptFrame> taken(std::make_move_iterator(frames_.begin()),
                                 std::make_move_iterator(frames_.end()));
    clear();
    return taken;
}

}  // namespace st::capture
