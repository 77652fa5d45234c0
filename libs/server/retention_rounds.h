#pragma once
/// Has the retention look again and again, on the pool: one look at a time, however long it takes.
/// Control loop only.
#include <atomic>
#include <chrono>

#include "archive/retention.h"
#include "base/log.h"
#include "loop/task_pool.h"
#include "loop/timers.h"

namespace st::server {

class RetentionRounds {
 public:
    /// All of them outlive this, and the pool is stopped before it goes.
    RetentionRounds(archive::Retention& retention, loop::Timers& timers, loop::BlockingWork& pool,
                    Log log);
    RetentionRounds(const RetentionRounds&) = delete;
    RetentionRounds& operator=(const RetentionRounds&) = delete;
    ~RetentionRounds() { stop(); }

    void stop() { timers_.cancel(timer_); }

 private:
    void look_later(std::chrono::seconds after);
    void look();

    archive::Retention& retention_;
    loop::Timers& timers_;
    loop::BlockingWork& pool_;
    const Log log_;
    loop::TimerId timer_ = 0;
    std::atomic<bool> is_looking_{false};
};

}  // namespace st::server
