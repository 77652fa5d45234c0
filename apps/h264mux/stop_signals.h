#pragma once
/// SIGINT and SIGTERM as a request to stop: the job then removes what it began. One of a program,
/// made before its other threads.
#include <atomic>
#include <csignal>
#include <stop_token>
#include <thread>

namespace st::h264mux {

class StopSignals {
 public:
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    std::stop_token token() const { return source_.get_token(); }

 private:
    sigset_t signals_{};
    std::stop_source source_;
    std::atomic<bool> is_over_{false};
    std::thread thread_;
};

}  // namespace st::h264mux
