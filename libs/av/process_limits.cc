#include "av/process_limits.h"

namespace st::av {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kCanLimitAddresses = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kCanLimitAddresses = false;
#else
constexpr bool kCanLimitAddresses = true;
#endif
#else
constexpr bool kCanLimitAddresses = true;
#endif

}  // namespace

void limit_address_space(std::uint64_t bytes) {
    if (kCanLimitAddresses) limit_resource(RLIMIT_AS, bytes);
}

}  // namespace st::av
