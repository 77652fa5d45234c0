#pragma once
/// One bound on all that peers can make us hold: half messages, queues, caches. Any thread.
///
/// Half of the budget is given out freely, but to one holder no more than is left of that half: so
/// the large are stopped first, and there is always room for another. The other half is for small
/// shares that nobody is refused, however much the large hold: a sixteenth of the budget divided by
/// the number of holders (by 32 if they are fewer). Whoever is stopped takes no more until there is
/// room: a camera then waits in TCP and loses nothing.
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "base/sync.h"

namespace st {

class MemoryBudget {
 public:
    static constexpr std::size_t kHoldersMin = 32;

    explicit MemoryBudget(std::size_t limit) : limit_(limit) {}
    MemoryBudget(const MemoryBudget&) = delete;
    MemoryBudget& operator=(const MemoryBudget&) = delete;

    void set_limit(std::size_t limit);
    std::size_t limit() const { return limit_.load(std::memory_order_relaxed); }
    std::size_t total() const { return total_.load(std::memory_order_relaxed); }
    /// Somebody had to be stopped and waits for room.
    bool is_short() const { return waiting_count_.load(std::memory_order_relaxed) > 0; }
    /// What was given back since the last call: worth handing to the system if it is much.
    std::size_t take_freed() { return freed_.exchange(0, std::memory_order_relaxed); }

    /// One at a time may finish what it has begun although memory is short, so that peers
    /// who hold much and send nothing cannot stop others for ever. False: it is another's turn.
    bool take_turn() { return !turn_is_taken_.exchange(true); }
    void give_turn_back() { turn_is_taken_.store(false); }

    /// One peer's account. Its members are called by one thread at a time.
    class Holder {
     public:
        /// `wake` is called from any thread, at most once for each false of set(), and must only
        /// post. The budget outlives this.
        Holder(MemoryBudget& budget, std::function<void()> wake);
        ~Holder();
        Holder(const Holder&) = delete;
        Holder& operator=(const Holder&) = delete;

        /// `bytes` are held now. False: take no more until `wake` is called.
        bool set(std::size_t bytes);
        std::size_t bytes() const { return bytes_; }

     private:
        MemoryBudget& budget_;
        const std::shared_ptr<const std::function<void()>> wake_;
        std::size_t bytes_ = 0;
        bool is_waiting_ = false;
    };

 private:
    using Wake = std::shared_ptr<const std::function<void()>>;

    struct Waiting {
        Wake wake;
        std::size_t bytes;
    };

    std::size_t left() const;
    bool must_wait(std::size_t bytes) const;
    void add_waiting(const Wake& wake, std::size_t bytes) ST_EXCLUDES(mutex_);
    /// False if it was not there: it has been woken.
    bool remove_waiting(const Wake& wake) ST_EXCLUDES(mutex_);
    void wake_if_room() ST_EXCLUDES(mutex_);

    std::atomic<std::size_t> limit_;
    std::atomic<std::size_t> total_{0};
    std::atomic<std::size_t> holders_{0};  ///< that hold anything
    std::atomic<std::size_t> freed_{0};
    std::atomic<std::size_t> waiting_count_{0};
    std::atomic<bool> turn_is_taken_{false};
    Mutex mutex_;
    std::vector<Waiting> waiting_ ST_GUARDED_BY(mutex_);
};

}  // namespace st
