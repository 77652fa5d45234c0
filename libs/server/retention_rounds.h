#pragma once
/// Has what is stored looked at again and again, on the pool: one look at a time, however long it
/// takes. Control loop only.
#include <atomic>
#include <chrono>
#include <functional>

#include "base/log.h"
#include "loop/task_pool.h"
#include "loop/timers.h"

namespace st::server {

class RetentionRounds {
 public:
    /// All of them outlive this, and the pool is stopped before it goes. `look` may block and
    /// throw.
    RetentionRounds(std::function<void()> look, loop::Timers& timers, loop::BlockingWork& pool,
                    Log log);
    RetentionRounds(const RetentionRounds&) = delete;
    RetentionRounds& operator=(const RetentionRounds&) = delete;
    ~RetentionRounds() { stop(); }

    void stop() { timers_.cancel(timer_); }

 private:
    void look_later(std::chrono::seconds after);
    void look();

    const std::function<void()> look_;
    loop::Timers& timers_;
    loop::BlockingWork& pool_;
    const Log log_;
    loop::TimerId timer_ = 0;
    std::atomic<bool> is_looking_{false};
};

}  // namespace st::server
