#pragma once
/// One bound on all that peers can make us hold: half messages, queues, caches. Any thread.
///
/// A holder's share is the budget divided by the number of holders. Who may take more is decided
/// by three rules:
///   - up to half of the budget is given to anybody, but to one holder no more than is left of it;
///   - up to three quarters in the same way to holders below an eighth of their share, so that
///     large ones cannot keep small ones from going on;
///   - a twenty-fourth of its share is refused to nobody, however much others hold.
/// So the largest are stopped first, and ten thousand holders, one after the other, stay within the
/// budget although each takes all it is given and returns nothing. Whoever is stopped takes no more
/// until there is room: a camera then waits in TCP and loses nothing.
#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/sync.h"

namespace st {

class MemoryBudget {
 public:
    /// What one that is woken may take before it is asked again: a read of its socket.
    static constexpr std::size_t kStepBytes = 256 * 1024;

    explicit MemoryBudget(std::size_t limit) : limit_(limit) {}
    MemoryBudget(const MemoryBudget&) = delete;
    MemoryBudget& operator=(const MemoryBudget&) = delete;

    void set_limit(std::size_t limit);
    std::size_t limit() const { return limit_.load(std::memory_order_relaxed); }
    std::size_t total() const { return total_.load(std::memory_order_relaxed); }
    /// Whether a holder of so many bytes, counted already, may take more.
    bool has_room_for(std::size_t bytes) const { return has_room(bytes, 0); }
    /// Somebody had to be stopped and waits for room.
    bool is_short() const { return waiting_count_.load(std::memory_order_relaxed) > 0; }
    /// The most that was held at once since the last call.
    std::size_t take_peak() { return peak_.exchange(total(), std::memory_order_relaxed); }

    using Wake = std::shared_ptr<const std::function<void()>>;
    /// One at a time may finish what it has begun although memory is short, so that peers
    /// who hold much and send nothing cannot stop others for ever. False: it is another's turn;
    /// `wake` is called, from any thread, when it is one's own: it must only post, and take the
    /// turn or give it back.
    bool take_turn(const Wake& wake) ST_EXCLUDES(mutex_);
    /// The next who wants one has it.
    void give_turn_back() ST_EXCLUDES(mutex_);
    /// False: it was not waited for, or has been given already.
    bool leave_turns(const Wake& wake) ST_EXCLUDES(mutex_);

    /// One peer's account. Its members are called by one thread at a time.
    class Holder {
     public:
        /// `wake` is called from any thread, at most once for each false of set(), and must only
        /// post. The budget outlives this.
        Holder(MemoryBudget& budget, std::function<void()> wake);
        ~Holder();
        Holder(const Holder&) = delete;
        Holder& operator=(const Holder&) = delete;

        /// `bytes` are held now. False: take no more until `wake` is called, or set() is true.
        bool set(std::size_t bytes);
        std::size_t bytes() const { return bytes_; }

     private:
        MemoryBudget& budget_;
        const std::shared_ptr<const std::function<void()>> wake_;
        std::size_t bytes_ = 0;
        bool is_waiting_ = false;  ///< or has been woken
    };

    /// Memory that is counted as long as this lives; whoever causes it is stopped elsewhere. One
    /// thread at a time.
    class Charge {
     public:
        Charge() = default;
        Charge(MemoryBudget& budget, std::size_t bytes) : budget_(&budget), bytes_(bytes) {
            budget.add(bytes);
        }
        Charge(Charge&& other) noexcept
            : budget_(std::exchange(other.budget_, nullptr)),
              bytes_(std::exchange(other.bytes_, 0)) {}
        Charge& operator=(Charge&& other) noexcept {
            std::swap(budget_, other.budget_);
            std::swap(bytes_, other.bytes_);
            return *this;
        }
        ~Charge() {
            if (budget_ != nullptr) budget_->give_back(bytes_);
        }

     private:
        MemoryBudget* budget_ = nullptr;
        std::size_t bytes_ = 0;
    };

 private:
    struct Waiting {
        Wake wake;
        std::size_t bytes;
    };

    /// `spare`: room that has to be left beyond it.
    bool has_room(std::size_t bytes, std::size_t spare) const;
    void add(std::size_t bytes);
    void give_back(std::size_t bytes);
    void add_waiting(const Wake& wake, std::size_t bytes) ST_EXCLUDES(mutex_);
    /// False if it was not there: it has been woken.
    bool remove_waiting(const Wake& wake) ST_EXCLUDES(mutex_);
    /// The smallest first.
    void wake_if_room() ST_EXCLUDES(mutex_);

    std::atomic<std::size_t> limit_;
    std::atomic<std::size_t> total_{0};
    std::atomic<std::size_t> holders_{0};  ///< that hold anything
    std::atomic<std::size_t> peak_{0};
    std::atomic<std::size_t> waiting_count_{0};
    Mutex mutex_;
    bool turn_is_taken_ ST_GUARDED_BY(mutex_) = false;
    std::deque<Wake> turns_ ST_GUARDED_BY(mutex_);        ///< who wants the next ones
    std::vector<Waiting> waiting_ ST_GUARDED_BY(mutex_);  ///< by bytes
};

}  // namespace st
