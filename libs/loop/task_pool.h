#pragma once
/// Threads for what would block a loop: reading folders, deleting, pieces of downloads.
#include <chrono>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "base/sync.h"
#include "loop/event_loop.h"

namespace st::loop {

/// What a task may cost. Quick ones go first, and one thread is kept for them; but half of the
/// threads take slow ones first, which downloads without end would keep from ever beginning.
enum class Effort : std::uint8_t {
    quick,  ///< some reads: a piece of a file, one recording, the disk's free space
    slow,   ///< grows with what lies on the disk: a listing, a deletion
};

/// Takes what would block a loop. TaskPool is the real one; tests do the work by hand.
class BlockingWork {
 public:
    virtual ~BlockingWork() = default;
    /// Any thread. Tasks of one effort begin in the order posted.
    virtual void post(Effort effort, Task task) = 0;
};

class TaskPool final : public BlockingWork {
 public:
    /// `threads` >= 2. `name`: shown by top -H, at most 15 bytes. `on_failure`: told what an
    /// exception said that came out of a task; on the pool's threads. Throws std::system_error: no
    /// thread.
    TaskPool(const std::string& name, unsigned threads, OnFailure on_failure);
    ~TaskPool() override { stop(); }
    TaskPool(const TaskPool&) = delete;
    TaskPool& operator=(const TaskPool&) = delete;

    /// Dropped after stop().
    void post(Effort effort, Task task) override ST_EXCLUDES(mutex_);
    /// Runs what was posted, then joins. Idempotent.
    void stop() ST_EXCLUDES(mutex_);
    /// Drops slow tasks that have not begun and waits for the others. False: some are not done at
    /// `until`, as on a disk that hangs; a pool without tasks is never late. What they use must
    /// live on; the destructor waits for them.
    bool stop(std::chrono::steady_clock::time_point until) ST_EXCLUDES(mutex_);

 private:
    void run() ST_EXCLUDES(mutex_);
    bool has_work() const ST_REQUIRES(mutex_);

    const OnFailure on_failure_;
    const unsigned slow_max_;    ///< slow tasks at once
    const unsigned slow_share_;  ///< so many of them begin although quick ones wait
    Mutex mutex_;
    std::condition_variable news_;
    std::condition_variable over_;  ///< running_ has become 0
    std::deque<Task> quick_ ST_GUARDED_BY(mutex_);
    std::deque<Task> slow_ ST_GUARDED_BY(mutex_);
    unsigned running_ ST_GUARDED_BY(mutex_) = 0;  ///< tasks that have begun
    unsigned slow_running_ ST_GUARDED_BY(mutex_) = 0;
    bool stopping_ ST_GUARDED_BY(mutex_) = false;
    std::vector<std::thread> threads_;
};

}  // namespace st::loop
