#include "streamctl/client/interrupt.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

namespace st::streamctl {

sigset_t Interrupt::signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    struct sigaction hang_up {};
    ::sigaction(SIGHUP, nullptr, &hang_up);
    if (hang_up.sa_handler != SIG_IGN) sigaddset(&set, SIGHUP);
    return set;
}

Interrupt::Interrupt() {
    const sigset_t set = signals();
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
    fd_ = Fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
}

Interrupt::~Interrupt() {
    if (hung_up_) ::signal(SIGHUP, SIG_IGN);  // the second one may still come
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

SignalsPass::SignalsPass() {
    const sigset_t set = Interrupt::signals();
    ::pthread_sigmask(SIG_UNBLOCK, &set, &before_);
}

bool Interrupt::take() {
    bool came = false;
    signalfd_siginfo signal{};
    while (::read(fd_.get(), &signal, sizeof signal) == sizeof signal) {
        // A terminal that goes brings it twice, from the kernel and from the shell: the second one
        // is no second Ctrl-C.
        if (signal.ssi_signo == SIGHUP && std::exchange(hung_up_, true)) continue;
        last_ = static_cast<int>(signal.ssi_signo);
        ends_program_ = ends_program_ || last_ != SIGINT;
        came = true;
    }
    return came;
}

bool Interrupt::wait(std::chrono::steady_clock::time_point deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd ready{fd_.get(), POLLIN, 0};
        if (left.count() <= 0) return take();
        ::poll(&ready, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
        if (take()) return true;
    }
}

bool Interrupt::wait_for_input(int fd) {
    for (;;) {
        std::array<pollfd, 2> fds{pollfd{fd, POLLIN, 0}, pollfd{fd_.get(), POLLIN, 0}};
        const int ready = ::poll(fds.data(), fds.size(), -1);
        if (ready < 0 && errno != EINTR) return true;  // let the read say why
        if (ready > 0 && fds[1].revents != 0 && take()) return false;
        if (ready > 0 && fds[0].revents != 0) return true;
    }
}

}  // namespace st::streamctl
