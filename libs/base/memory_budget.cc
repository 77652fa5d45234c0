#include "base/memory_budget.h"

#include <algorithm>
#include <utility>

namespace st {

void MemoryBudget::set_limit(std::size_t limit) {
    limit_.store(limit, std::memory_order_relaxed);
    wake_if_room();
}

/// Of the half that is given out freely.
std::size_t MemoryBudget::left() const {
    const std::size_t half = limit() / 2;
    return half - std::min(half, total());
}

bool MemoryBudget::must_wait(std::size_t bytes) const {
    const std::size_t holders = std::max(kHoldersMin, holders_.load(std::memory_order_relaxed));
    return bytes > std::max(left(), limit() / 16 / holders);
}

void MemoryBudget::add_waiting(const Wake& wake, std::size_t bytes) {
    const Lock lock(mutex_);
    waiting_.push_back({wake, bytes});
    waiting_count_.store(waiting_.size());
}

bool MemoryBudget::remove_waiting(const Wake& wake) {
    const Lock lock(mutex_);
    const bool was_there =
        std::erase_if(waiting_, [&](const Waiting& one) { return one.wake == wake; }) > 0;
    waiting_count_.store(waiting_.size());
    return was_there;
}

void MemoryBudget::wake_if_room() {
    if (waiting_count_.load() == 0) return;
    // With some room to spare: else they would only be stopped again.
    const std::size_t room = left() - std::min(left(), limit() / 32);
    std::vector<Wake> woken;
    {
        const Lock lock(mutex_);
        std::erase_if(waiting_, [&](const Waiting& one) {
            if (one.bytes > room) return false;
            woken.push_back(one.wake);
            return true;
        });
        waiting_count_.store(waiting_.size());
    }
    for (const Wake& wake : woken) (*wake)();
}

MemoryBudget::Holder::Holder(MemoryBudget& budget, std::function<void()> wake)
    : budget_(budget), wake_(std::make_shared<const std::function<void()>>(std::move(wake))) {}

MemoryBudget::Holder::~Holder() {
    if (is_waiting_) budget_.remove_waiting(wake_);
    is_waiting_ = false;
    set(0);
}

bool MemoryBudget::Holder::set(std::size_t bytes) {
    const std::size_t before = std::exchange(bytes_, bytes);
    if (before == 0 && bytes > 0) budget_.holders_.fetch_add(1, std::memory_order_relaxed);
    if (before > 0 && bytes == 0) budget_.holders_.fetch_sub(1, std::memory_order_relaxed);
    if (bytes < before) {
        budget_.total_.fetch_sub(before - bytes, std::memory_order_relaxed);
        budget_.freed_.fetch_add(before - bytes, std::memory_order_relaxed);
        if (is_waiting_ && budget_.remove_waiting(wake_)) (*wake_)();
        is_waiting_ = false;
        budget_.wake_if_room();
        return true;
    }
    budget_.total_.fetch_add(bytes - before, std::memory_order_relaxed);
    if (!budget_.must_wait(bytes)) return true;
    if (is_waiting_) budget_.remove_waiting(wake_);  // woken or not: once is enough
    is_waiting_ = true;
    budget_.add_waiting(wake_, bytes);
    // Somebody may have made room before we were on the list.
    return !budget_.must_wait(bytes) && budget_.remove_waiting(wake_);
}

}  // namespace st
