#include "base/heap.h"

#include <malloc.h>

namespace st {

void keep_freed_memory(std::size_t mapped_bytes, std::size_t kept_bytes) {
    ::mallopt(M_MMAP_THRESHOLD, static_cast<int>(mapped_bytes));
    ::mallopt(M_TRIM_THRESHOLD, static_cast<int>(kept_bytes));
}

void give_back_freed_memory() { ::malloc_trim(0); }

}  // namespace st
