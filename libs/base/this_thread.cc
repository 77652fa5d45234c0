#include "base/this_thread.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>

namespace st {

void name_this_thread(std::string_view name) {
    constexpr std::size_t kNameBytesMax = 15;
    ::pthread_setname_np(::pthread_self(), std::string(name.substr(0, kNameBytesMax)).c_str());
}

/// POSIX has priorities of processes; those of Linux are of threads.
void lower_priority(int nice) { ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice); }

}  // namespace st
