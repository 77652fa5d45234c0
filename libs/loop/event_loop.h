#pragma once
/// One epoll event loop: descriptors (edge-triggered), timers, and tasks posted by other threads.
///
/// Everything except post() and stop() may be called only on the loop's own thread, or before
/// run(). A descriptor belongs to exactly one loop, so nothing here or in a connection needs a
/// lock.
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/sync.h"
#include "loop/timers.h"

namespace st::loop {

using Task = std::function<void()>;
/// Told what an exception said that came out of a task, a timer or a Pollable.
using OnFailure = std::function<void(std::string_view what)>;

/// Something with a descriptor on a loop.
class Pollable {
 public:
    virtual ~Pollable() = default;
    /// `events` as from epoll_wait. Edge-triggered: read or write until EAGAIN.
    virtual void on_ready(std::uint32_t events) = 0;
};

/// How long the loop was busy per turn: from epoll_wait's return to its next call. Read by any
/// thread.
struct BusyStats {
    /// Upper bounds in microseconds; the last bucket has none.
    static constexpr std::array<std::int64_t, 8> kBoundsUs = {100,    500,    1'000,  5'000,
                                                              10'000, 20'000, 50'000, 200'000};
    std::array<std::atomic<std::uint64_t>, kBoundsUs.size() + 1> turns{};
    std::atomic<std::uint64_t> busy_ns{0};
    std::atomic<std::uint64_t> busy_max_ns{0};

    void add(std::int64_t ns);
};

class EventLoop final : public Timers {
 public:
    /// Receive buffer shared by all streams of the loop, valid during one on_ready() call.
    static constexpr std::size_t kScratchBytes = 256 * 1024;

    using Clock = std::int64_t (*)();

    /// `clock`: CLOCK_MONOTONIC in nanoseconds; a test moves its own by hand.
    explicit EventLoop(Clock clock = monotonic_ns);
    ~EventLoop() override;
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    /// Runs until stop(). Tasks posted before stop() have run when it returns. May be run again.
    /// An exception that comes out of a task, a timer or a Pollable is told to `on_failure` and the
    /// loop goes on; without one it comes out of here.
    void run(const OnFailure& on_failure = {});
    /// Does what there is to do now, without waiting, on the calling thread: for tests.
    void run_once();
    /// Any thread.
    void stop();
    /// Any thread: `task` runs on the loop, in the order posted. Dropped if the loop has ended.
    void post(Task task);

    /// `pollable` must stay alive until remove(). `events`: EPOLLIN, EPOLLOUT; EPOLLET is added.
    void add(int fd, Pollable& pollable, std::uint32_t events);
    void change(int fd, Pollable& pollable, std::uint32_t events);
    /// Also forgets events of this turn that were not delivered yet. Call before closing the
    /// descriptor.
    void remove(int fd, Pollable& pollable);

    TimerId after(std::chrono::nanoseconds delay, Task task) override;
    void cancel(TimerId timer) override;
    std::int64_t clock_ns() const override { return clock_(); }

    /// Runs `task` at the end of this turn (a stream that used up its read budget goes on here).
    void defer(Task task) { deferred_.push_back(std::move(task)); }
    /// Destroys `object` at the end of this turn, when no call into it can be on the stack.
    void retire(std::shared_ptr<void> object) { retired_.push_back(std::move(object)); }

    /// The monotonic clock as read when this turn began.
    std::int64_t now_ns() const { return now_ns_; }
    std::span<std::uint8_t> scratch() { return scratch_; }
    const BusyStats& busy() const { return busy_; }

 private:
    struct Timer {
        TimerId id;
        Task task;
    };

    int wait_ms() const;
    void turn(int timeout_ms, const OnFailure& on_failure);
    void deliver(const OnFailure& on_failure);
    void run_posted(const OnFailure& on_failure);
    void run_timers(const OnFailure& on_failure);
    void end_turn();

    const Clock clock_;
    Fd epoll_;
    Fd wake_;
    std::vector<std::uint8_t> scratch_;
    std::int64_t now_ns_;
    BusyStats busy_;

    std::multimap<std::int64_t, Timer> timers_;  ///< by due time
    std::map<TimerId, std::multimap<std::int64_t, Timer>::iterator> timer_by_id_;
    TimerId next_timer_ = 1;
    std::vector<Task> deferred_;
    std::vector<std::shared_ptr<void>> retired_;
    std::vector<Pollable*> ready_;  ///< this turn's, in order; null once removed
    std::vector<std::uint32_t> ready_events_;

    Mutex mutex_;
    std::vector<Task> posted_ ST_GUARDED_BY(mutex_);
    bool stopping_ ST_GUARDED_BY(mutex_) = false;
};

}  // namespace st::loop
