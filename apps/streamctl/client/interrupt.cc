#include "streamctl/client/interrupt.h"

#include <sys/signalfd.h>
#include <unistd.h>

namespace st::streamctl {

Interrupt::Interrupt() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
    fd_ = Fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
}

Interrupt::~Interrupt() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

bool Interrupt::take() {
    bool came = false;
    signalfd_siginfo signal{};
    while (::read(fd_.get(), &signal, sizeof signal) == sizeof signal) came = true;
    return came;
}

}  // namespace st::streamctl
