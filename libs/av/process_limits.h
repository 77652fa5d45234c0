#pragma once
/// Resource limits of a worker process. Safe between fork and exec. Private to libs/av.
#include <sys/resource.h>

#include <cstdint>

namespace st::av {

/// Soft and hard; what cannot be set stays.
inline void limit_resource(int resource, std::uint64_t value) {
    const rlimit both{value, value};
    ::setrlimit(static_cast<__rlimit_resource_t>(resource), &both);
}

/// RLIMIT_AS; not under sanitizers, whose shadow memory alone is larger.
void limit_address_space(std::uint64_t bytes);

}  // namespace st::av
