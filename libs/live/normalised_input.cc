#include "live/normalised_input.h"

#include <utility>

namespace st::live {
namespace {

/// A picture that may go on in the next packet is held no longer than this.
constexpr std::chrono::milliseconds kHoldOne{200};
/// The same of a publisher that is known to send pictures in slices.
constexpr std::chrono::milliseconds kHoldSlices{1'000};

}  // namespace

bool NormalisedInput::feed(media::Packet packet, std::int64_t now_ns) {
    const std::uint64_t unusable = normaliser_.unusable();
    // Sound goes on whatever the pictures do, and must not put off the one that is held.
    if (packet.track == media::Track::video) fed_ns_ = now_ns;
    normaliser_.feed(std::move(packet), packets_);
    push_all(now_ns);
    if (normaliser_.is_holding() && timer_ == 0) flush_later();
    return normaliser_.unusable() == unusable;
}

void NormalisedInput::push_all(std::int64_t now_ns) {
    for (media::Packet& packet : packets_) push_(std::move(packet), now_ns);
    packets_.clear();
}

void NormalisedInput::flush_later() {
    const std::chrono::nanoseconds hold = normaliser_.joins_slices() ? kHoldSlices : kHoldOne;
    timer_ = executor_.after(hold, [this, hold] {
        timer_ = 0;
        if (!normaliser_.is_holding()) return;
        const std::int64_t now_ns = executor_.now_ns();
        if (now_ns - fed_ns_ < hold.count()) return flush_later();
        normaliser_.flush(packets_);
        push_all(now_ns);
        on_flushed_();
    });
}

void NormalisedInput::flush() {
    executor_.cancel(std::exchange(timer_, 0));
    normaliser_.flush(packets_);
    push_all(executor_.now_ns());
}

void NormalisedInput::restart() {
    executor_.cancel(std::exchange(timer_, 0));
    normaliser_ = {};
    packets_.clear();
}

}  // namespace st::live
