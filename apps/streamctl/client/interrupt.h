#pragma once
/// Ctrl-C as something to poll for, so that no wait is deaf to it. Main thread.
#include <signal.h>

#include "base/fd.h"

namespace st::streamctl {

/// SIGINT and SIGTERM are blocked while one lives, and readable at fd(). Nests.
class Interrupt {
 public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    int fd() const { return fd_.get(); }
    /// One came since the last call.
    bool take();

 private:
    sigset_t before_{};
    Fd fd_;
};

}  // namespace st::streamctl
