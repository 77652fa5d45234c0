#pragma once
/// Has the retention look again and again, on the pool: one look at a time, however long it takes.
/// Control loop only.
#include <atomic>

#include "archive/retention.h"
#include "base/log.h"
#include "loop/task_pool.h"
#include "loop/timers.h"

namespace st::server {

class RetentionRounds {
 public:
    /// All of them outlive this, and the pool is stopped before it goes.
    RetentionRounds(archive::Retention& retention, loop::Timers& timers, loop::BlockingWork& pool,
                    Log log)
        : retention_(retention), timers_(timers), pool_(pool), log_(std::move(log)) {
        look_later();
    }
    RetentionRounds(const RetentionRounds&) = delete;
    RetentionRounds& operator=(const RetentionRounds&) = delete;
    ~RetentionRounds() { stop(); }

    void stop() { timers_.cancel(timer_); }

 private:
    void look_later();
    void look();

    archive::Retention& retention_;
    loop::Timers& timers_;
    loop::BlockingWork& pool_;
    const Log log_;
    loop::TimerId timer_ = 0;
    std::atomic<bool> is_looking_{false};
};

}  // namespace st::server
