#include "av/process_limits.h"

#include "av/worker.h"

namespace st::av {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif
#else
constexpr bool kIsSanitized = false;
#endif

}  // namespace

bool is_sanitized() { return kIsSanitized; }

void limit_address_space(std::uint64_t bytes) {
    if (!kIsSanitized) limit_resource(RLIMIT_AS, bytes);
}

}  // namespace st::av
