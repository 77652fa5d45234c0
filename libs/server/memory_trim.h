#pragma once
/// Gives memory back to the system. glibc keeps what is freed: after a flood of large messages that
/// is most of the memory. Control loop only.
#include "base/memory_budget.h"
#include "base/spare_memory.h"
#include "loop/task_pool.h"
#include "loop/timers.h"

namespace st::server {

class MemoryTrim {
 public:
    /// All of them outlive this.
    MemoryTrim(MemoryBudget& memory, loop::Timers& timers, loop::BlockingWork& pool)
        : memory_(memory), timers_(timers), pool_(pool) {
        look_later();
    }
    MemoryTrim(const MemoryTrim&) = delete;
    MemoryTrim& operator=(const MemoryTrim&) = delete;
    ~MemoryTrim() { timers_.cancel(timer_); }

 private:
    void look_later();

    MemoryBudget& memory_;
    loop::Timers& timers_;
    loop::BlockingWork& pool_;
    loop::TimerId timer_ = 0;
    SpareMemory spare_;
};

}  // namespace st::server
