#include "httpd/token_guard.h"

#include "base/clock.h"

namespace st::httpd {

std::chrono::milliseconds TokenGuard::add(const auth::Address& address) {
    auth::WrongTokens::Verdict verdict;
    {
        const Lock lock(mutex_);
        verdict = wrong_.add(address, monotonic_ns());
    }
    if (verdict.untold > 0) {
        log_.warning("wrong token from " + auth::to_text(address) +
                     " count=" + std::to_string(verdict.untold));
    }
    return verdict.delay;
}

}  // namespace st::httpd
