#include "capture/kept_frames.h"

#include <iterator>
#include <utility>

namespace st::capture {
namespace {

/// Parameter sets and SEI in messages of their own, before a picture.
constexpr std::size_t kPrefixFramesMax = 64;
constexpr std::size_t kPrefixBytesMax = 64 * 1024;

/// What a frame takes, whatever its payload.
std::size_t held_bytes(const KeptFrame& frame) {
    return frame.message->capacity() + sizeof(KeptFrame);
}

}  // namespace

void KeptFrames::pass(KeptFrame frame, const media::NalPeek& peek) {
    entries_.note(peek);
    if (peek.vcl) return clear_prefix();
    if (!peek.unit) return;  // empty, or the rest of something
    const std::size_t bytes = held_bytes(frame);
    if (prefix_.size() == kPrefixFramesMax || prefix_bytes_ + bytes > kPrefixBytesMax) {
        clear_prefix();
    }
    if (bytes > kPrefixBytesMax) return;
    prefix_bytes_ += bytes;
    prefix_.push_back(std::move(frame));
    prefix_charge_ = MemoryBudget::Charge(memory_.budget(), prefix_bytes_);
}

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
    pass(std::move(frame), peek);
}

void KeptFrames::keep(KeptFrame frame) {
    bytes_ += frame.payload.size();
    held_bytes_ += held_bytes(frame);
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
    prefix_charge_ = {};
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
