#pragma once
/// Whether a connection that outlives its request may still do what it was let in for: its token
/// may be revoked meanwhile, its browser logged out, a reload may bring other rules. One thread.
#include <string>

#include "auth/access.h"
#include "base/current.h"
#include "base/result.h"
#include "httpd/sessions.h"

namespace st::httpd {

class LastingAccess {
 public:
    /// `facts` let the request in for `role`; `cookie`: Sessions::cookie_of its fields. `policy`
    /// and `sessions` outlive this.
    LastingAccess(const Current<auth::Policy>& policy, const Sessions& sessions, auth::Role role,
                  auth::Facts facts, std::string cookie)
        : policy_(policy),
          sessions_(sessions),
          role_(role),
          facts_(std::move(facts)),
          cookie_(std::move(cookie)) {}

    /// As auth::check_access now. `now_s`: Unix time.
    Result<void> check(std::int64_t now_s);

 private:
    const Current<auth::Policy>& policy_;
    const Sessions& sessions_;
    const auth::Role role_;
    auth::Facts facts_;
    const std::string cookie_;
    Current<auth::Policy>::Snapshot checked_;  ///< the policy that allowed it; null: none so far
};

}  // namespace st::httpd
