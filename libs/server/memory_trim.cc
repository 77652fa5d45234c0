#include "server/memory_trim.h"

#include <malloc.h>

#include <chrono>

namespace st::server {
namespace {

/// What was freed is given back to the system in portions of at least this.
constexpr std::size_t kTrimBytes = std::size_t{32} << 20;
/// The rest of a flood, once it is over.
constexpr std::size_t kTrimRestBytes = std::size_t{1} << 20;
constexpr std::chrono::seconds kInterval{1};

}  // namespace

void MemoryTrim::look_later() {
    timer_ = timers_.after(kInterval, [this] {
        look();
        look_later();
    });
}

void MemoryTrim::look() {
    const std::size_t freed = memory_.take_freed();
    freed_bytes_ += freed;
    // What a peer held is counted before its connection goes, so once more when all is quiet.
    const bool is_over = freed == 0 && (freed_bytes_ >= kTrimRestBytes || trims_again_);
    if (!is_over && freed_bytes_ < kTrimBytes) return;
    trims_again_ = !is_over;
    freed_bytes_ = 0;
    pool_.post(loop::Effort::slow, [] { ::malloc_trim(0); });
}

}  // namespace st::server
