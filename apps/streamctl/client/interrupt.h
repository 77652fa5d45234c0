#pragma once
/// Ctrl-C as something to poll for, so that no wait is deaf to it. Main thread.
///
/// SIGINT means what is being done. SIGTERM and SIGHUP mean the whole program: a prompt or a script
/// whose command was ended by one ends, too.
#include <signal.h>

#include <chrono>

#include "base/fd.h"

namespace st::streamctl {

/// SIGINT, SIGTERM and, unless it is ignored (nohup), SIGHUP are blocked while one lives, and
/// readable at fd(). What one of them takes another one does not see: a program has one.
class Interrupt {
 public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    int fd() const { return fd_.get(); }
    /// One came since the last call.
    bool take();
    /// Which one that was; 0: none yet.
    int last() const { return last_; }
    /// SIGTERM or SIGHUP was taken, now or before.
    bool ends_program() const { return ends_program_; }
    /// Waits until `deadline`; true: one came before.
    bool wait(std::chrono::steady_clock::time_point deadline);
    /// Waits until there is something to read; false: one came before.
    bool wait_for_input(int fd);

    /// What it blocks now.
    static sigset_t signals();

 private:
    sigset_t before_{};
    bool hung_up_ = false;
    bool ends_program_ = false;
    int last_ = 0;
    Fd fd_;
};

/// While one lives, those signals end the program as if no Interrupt were there: for calls that
/// cannot be polled, before there is anything to put in order.
class SignalsPass {
 public:
    SignalsPass();
    ~SignalsPass() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsPass(const SignalsPass&) = delete;
    SignalsPass& operator=(const SignalsPass&) = delete;

 private:
    sigset_t before_{};
};

}  // namespace st::streamctl
