#pragma once
/// The thread on which viewers live, as the hub sees it: packets are put into a delivery queue
/// once, whatever the number of its viewers, and the queue walks them on its thread.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/sync.h"
#include "hub/options.h"
#include "hub/unit.h"
#include "hub/viewer.h"

namespace st::hub {

class Subscriber;

/// Names a timer of an Executor; 0 names none.
using TimerId = std::uint64_t;

/// An event loop, for the hub and what lives in its streams.
class Executor {
 public:
    virtual ~Executor() = default;
    /// Any thread.
    virtual void post(std::function<void()> task) = 0;
    /// The executor's thread only.
    virtual TimerId after(std::chrono::nanoseconds delay, std::function<void()> task) = 0;
    /// Unknown and fired timers are ignored. The executor's thread only.
    virtual void cancel(TimerId timer) = 0;
    /// Monotonic; of the beginning of this turn. The executor's thread only.
    virtual std::int64_t now_ns() const = 0;
    /// The same clock, as it is now.
    virtual std::int64_t read_clock_ns() const = 0;
};

/// The viewers of one stream on one delivery queue that take the same wire form. The queue's thread
/// only.
class Group : public std::enable_shared_from_this<Group> {
 public:
    /// A window is cut short beyond these.
    static constexpr std::size_t kUnitsMax = 64;
    static constexpr std::size_t kBytesMax = 256 * 1024;

    Group(Executor& executor, std::chrono::milliseconds batch, FormId form)
        : executor_(executor), batch_(batch), form_(form) {}

    FormId form() const { return form_; }
    void add(std::shared_ptr<Subscriber> subscriber);
    void remove(const Subscriber& subscriber);

    /// True: flush() is due now; else it will be called by the window's timer, so early that the
    /// last viewer has what came first when the window is over.
    bool take(UnitPtr unit);
    void flush();
    void end(std::uint64_t serial, EndReason reason, bool is_hopeless);
    /// A publisher came or left.
    void tell_publisher_changed();
    /// Looks for viewers that take nothing. Call about once a second.
    void check(std::int64_t now_ns);
    bool empty() const { return subscribers_.size() == holes_; }

 private:
    class Walk;
    void close_holes() noexcept;

    Executor& executor_;
    const std::chrono::nanoseconds batch_;
    const FormId form_;
    std::vector<std::shared_ptr<Subscriber>> subscribers_;  ///< null: left during a walk
    std::size_t holes_ = 0;
    int walking_ = 0;
    std::vector<UnitPtr> pending_;
    std::vector<SharedBuffer> wires_;                  ///< of pending_, while flushing
    std::vector<std::shared_ptr<Subscriber>> others_;  ///< that do not keep up, while flushing
    std::size_t pending_bytes_ = 0;
    bool timer_runs_ = false;
    std::chrono::nanoseconds walk_time_{0};  ///< of the last walk, if there is a window
};
using GroupPtr = std::shared_ptr<Group>;

class DeliveryQueue {
 public:
    /// `executor` outlives every call but the destructor.
    DeliveryQueue(Executor& executor, std::chrono::milliseconds batch)
        : executor_(executor), batch_(batch) {}

    Executor& executor() { return executor_; }
    GroupPtr make_group(FormId form) { return std::make_shared<Group>(executor_, batch_, form); }

    /// Any thread; in order for one caller at a time. One post while the queue has not woken up.
    void hand_over(const GroupPtr& group, UnitPtr unit) ST_EXCLUDES(mutex_);
    void hand_over_end(const GroupPtr& group, std::uint64_t serial, EndReason reason,
                       bool is_hopeless = false) ST_EXCLUDES(mutex_);

    /// The queue's thread: a group that has viewers is looked after once a second.
    void watch(const GroupPtr& group);

 private:
    struct Delivery {
        GroupPtr group;
        UnitPtr unit;  ///< null: the end
        std::uint64_t serial = 0;
        EndReason reason = EndReason::ended;
        bool is_hopeless = false;
    };
    void add(Delivery delivery) ST_EXCLUDES(mutex_);
    void run() ST_EXCLUDES(mutex_);
    void check_all();

    Executor& executor_;
    const std::chrono::milliseconds batch_;
    Mutex mutex_;
    std::vector<Delivery> deliveries_ ST_GUARDED_BY(mutex_);
    bool is_posted_ ST_GUARDED_BY(mutex_) = false;  ///< run() is on its way
    std::vector<Delivery> running_;                 ///< the queue's thread only; empty between runs
    std::vector<GroupPtr> due_;
    std::vector<GroupPtr> watched_;
};

}  // namespace st::hub
