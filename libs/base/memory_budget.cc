#include "base/memory_budget.h"

#include <algorithm>

namespace st {

void MemoryBudget::set_limit(std::size_t limit) {
    limit_.store(limit, std::memory_order_relaxed);
    wake_if_room();
}

bool MemoryBudget::has_room(std::size_t bytes, std::size_t spare) const {
    const std::size_t limit = this->limit();
    const std::size_t holders = std::max<std::size_t>(1, holders_.load(std::memory_order_relaxed));
    const std::size_t share = limit / holders;
    if (bytes <= share / 24) return true;
    const std::size_t ceiling = bytes <= share / 8 ? limit / 4 * 3 : limit / 2;
    const std::size_t left = ceiling - std::min(ceiling, total());
    return left >= spare && bytes <= left - spare;
}

void MemoryBudget::add(std::size_t bytes) {
    const std::size_t total = total_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    std::size_t peak = peak_.load(std::memory_order_relaxed);
    while (peak < total && !peak_.compare_exchange_weak(peak, total, std::memory_order_relaxed)) {
    }
}

void MemoryBudget::give_back(std::size_t bytes) {
    total_.fetch_sub(bytes, std::memory_order_relaxed);
    wake_if_room();
}

bool MemoryBudget::take_turn(const Wake& wake) {
    const Lock lock(mutex_);
    if (!std::exchange(turn_is_taken_, true)) return true;
    turns_.push_back(wake);
    return false;
}

void MemoryBudget::give_turn_back() {
    Wake next;
    {
        const Lock lock(mutex_);
        turn_is_taken_ = !turns_.empty();
        if (turns_.empty()) return;
        next = std::move(turns_.front());
        turns_.pop_front();
    }
    (*next)();
}

bool MemoryBudget::leave_turns(const Wake& wake) {
    const Lock lock(mutex_);
    return std::erase(turns_, wake) > 0;
}

void MemoryBudget::add_waiting(const Wake& wake, std::size_t bytes) {
    const Lock lock(mutex_);
    const auto behind = std::ranges::upper_bound(waiting_, bytes, {}, &Waiting::bytes);
    waiting_.insert(behind, {wake, bytes});
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
    std::vector<Wake> woken;
    {
        const Lock lock(mutex_);
        // With some room to spare: else they would only be stopped again.
        std::size_t spare = limit() / 32;
        auto next = waiting_.begin();
        for (; next != waiting_.end() && has_room(next->bytes, spare); ++next) {
            spare += kStepBytes;
            woken.push_back(std::move(next->wake));
        }
        waiting_.erase(waiting_.begin(), next);
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
    if (is_waiting_) budget_.remove_waiting(wake_);  // woken or not: once is enough
    is_waiting_ = false;
    if (bytes < before) {
        budget_.give_back(before - bytes);
    } else {
        budget_.add(bytes - before);
    }
    if (budget_.has_room(bytes, 0)) {
        budget_.wake_if_room();  // those who were left for later, until the last ones had grown
        return true;
    }
    is_waiting_ = true;
    budget_.add_waiting(wake_, bytes);
    // Somebody may have made room before it was on the list.
    if (!budget_.has_room(bytes, 0) || !budget_.remove_waiting(wake_)) return false;
    is_waiting_ = false;
    return true;
}

}  // namespace st
