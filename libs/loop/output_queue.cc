#include "loop/output_queue.h"

#include <algorithm>
#include <cassert>

namespace st::loop {

void OutputQueue::grow() {
    const std::size_t capacity = std::max(capacity_ * 2, kKeptCapacity / 2);
    auto ring = std::make_unique<SharedBuffer[]>(capacity);
    for (std::size_t i = 0; i < count_; ++i) ring[i] = std::move(slot(i));
    ring_ = std::move(ring);
    capacity_ = capacity;
    first_ = 0;
}

void OutputQueue::push(SharedBuffer buffer, std::size_t sent) {
    assert(sent <= buffer->size() && (sent == 0 || empty()));
    if (sent == buffer->size()) return;
    if (count_ == capacity_) grow();
    if (count_ == 0) first_sent_ = sent;
    bytes_ += buffer->size() - sent;
    slot(count_) = std::move(buffer);
    ++count_;
}

std::size_t OutputQueue::gather(std::span<iovec> pieces) const {
    const std::size_t count = std::min(pieces.size(), count_);
    for (std::size_t i = 0; i < count; ++i) {
        const Bytes left = slot(i)->bytes().subspan(i == 0 ? first_sent_ : 0);
        pieces[i] = {const_cast<std::uint8_t*>(left.data()), left.size()};
    }
    return count;
}

void OutputQueue::consume(std::size_t sent) {
    assert(sent <= bytes_);
    bytes_ -= sent;
    while (sent > 0) {
        const std::size_t left = slot(0)->size() - first_sent_;
        if (sent < left) {
            first_sent_ += sent;
            return;
        }
        sent -= left;
        slot(0).reset();
        first_ = (first_ + 1) & (capacity_ - 1);
        first_sent_ = 0;
        --count_;
    }
    if (count_ == 0 && capacity_ > kKeptCapacity) clear();
}

void OutputQueue::clear() {
    ring_.reset();
    capacity_ = first_ = count_ = first_sent_ = bytes_ = 0;
}

}  // namespace st::loop
