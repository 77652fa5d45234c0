#pragma once
/// What another process has used so far, from /proc.
#include <sys/types.h>

namespace st::bench {

struct Usage {
    double user_s = 0;
    double system_s = 0;
    long rss_kb = 0;

    double cpu_s() const { return user_s + system_s; }
};

/// Throws std::runtime_error if there is no such process. CPU times count in clock ticks (10 ms).
Usage usage_of(pid_t pid);

}  // namespace st::bench
