#include "server/memory_trim.h"

#include <malloc.h>

#include <chrono>

namespace st::server {

void MemoryTrim::look_later() {
    timer_ = timers_.after(std::chrono::seconds(1), [this] {
        if (spare_.look(memory_.take_peak())) {
            pool_.post(loop::Effort::slow, [] { ::malloc_trim(0); });
        }
        look_later();
    });
}

}  // namespace st::server
