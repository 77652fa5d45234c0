#include "server/memory_trim.h"

#include <chrono>

#include "base/heap.h"

namespace st::server {
namespace {

/// Larger than pictures are.
constexpr std::size_t kMappedBytes = std::size_t{4} << 20;
constexpr std::size_t kKeptBytes = std::size_t{64} << 20;

}  // namespace

MemoryTrim::MemoryTrim(MemoryBudget& memory, loop::Timers& timers, loop::BlockingWork& pool)
    : memory_(memory), timers_(timers), pool_(pool) {
    keep_freed_memory(kMappedBytes, kKeptBytes);
    look_later();
}

void MemoryTrim::look_later() {
    timer_ = timers_.after(std::chrono::seconds(1), [this] {
        if (spare_.look(memory_.take_peak())) {
            pool_.post(loop::Effort::slow, give_back_freed_memory);
        }
        look_later();
    });
}

}  // namespace st::server
