#include "streamd/exit_deadline.h"

#include <chrono>

#include "base/this_thread.h"

namespace st::streamd {

ExitDeadline::~ExitDeadline() {
    if (!thread_.joinable()) return;
    {
        const Lock lock(mutex_);
        has_ended_ = true;
    }
    news_.notify_all();
    thread_.join();
}

void ExitDeadline::set(std::int64_t at_ns) {
    thread_ = std::thread([this, at_ns] {
        name_this_thread("exit-deadline");
        wait_until(at_ns);
    });
}

void ExitDeadline::wait_until(std::int64_t at_ns) {
    const std::chrono::steady_clock::time_point until{std::chrono::nanoseconds(at_ns)};
    {
        Lock lock(mutex_);
        while (!has_ended_) {
            if (news_.wait_until(lock.native(), until) == std::cv_status::timeout) break;
        }
        if (has_ended_) return;
    }
    on_missed_();
}

}  // namespace st::streamd
