#pragma once
/// auth::WrongTokens for all connections of the server, with its lines in the log. Any thread.
#include <chrono>

#include "auth/wrong_tokens.h"
#include "base/log.h"
#include "base/sync.h"

namespace st::httpd {

class TokenGuard {
 public:
    explicit TokenGuard(Log log) : log_(std::move(log)) {}

    /// A wrong token came from there: how long its answer is to wait.
    std::chrono::milliseconds add(const auth::Address& address) ST_EXCLUDES(mutex_);

 private:
    const Log log_;
    Mutex mutex_;
    auth::WrongTokens wrong_ ST_GUARDED_BY(mutex_);
};

}  // namespace st::httpd
