#pragma once
/// Keeps what is freed for the pictures that come next, and gives it back to the system once it was
/// not needed for a while: after a flood of large messages that is most of the memory. Control loop
/// only.
#include "base/memory_budget.h"
#include "base/spare_memory.h"
#include "loop/task_pool.h"
#include "loop/timers.h"

namespace st::server {

class MemoryTrim {
 public:
    /// All of them outlive this.
    MemoryTrim(MemoryBudget& memory, loop::Timers& timers, loop::BlockingWork& pool);
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
