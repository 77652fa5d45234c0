#include "httpd/lasting_access.h"

namespace st::httpd {

Result<void> LastingAccess::check(std::int64_t now_s) {
    auto policy = policy_.get();
    // Events may come by the thousand, and a policy hold as many tokens. Only a session ends by
    // itself.
    if (cookie_.empty() && policy == checked_) return {};
    facts_.now_s = now_s;
    facts_.session = sessions_.roles_of(cookie_, *policy, now_s);
    auto may = auth::check_access(*policy, role_, facts_);
    if (may) checked_ = std::move(policy);
    return may;
}

}  // namespace st::httpd
