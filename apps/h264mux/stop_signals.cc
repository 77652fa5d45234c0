#include "stop_signals.h"

namespace st::h264mux {

StopSignals::StopSignals() {
    // A file over the limit is a failed write, which removes what was begun.
    std::signal(SIGXFSZ, SIG_IGN);
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    thread_ = std::thread([this] {
        int signal = 0;
        while (sigwait(&signals_, &signal) == 0 && !is_over_) source_.request_stop();
    });
}

StopSignals::~StopSignals() {
    is_over_ = true;
    // Blocked there as everywhere: sigwait() takes it, nothing is terminated.
    // NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread)
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
}

}  // namespace st::h264mux
