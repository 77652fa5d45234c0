#pragma once
/// A limit for the end of the process. A thread that waits for a disk cannot be stopped, and what
/// it uses must not be destroyed before it: only the process as a whole can end in time.
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>

#include "base/sync.h"

namespace st::streamd {

class ExitDeadline {
 public:
    /// `on_missed`: ends the process; on a thread of its own. To be constructed before the parts
    /// whose destructors may wait.
    explicit ExitDeadline(std::function<void()> on_missed) : on_missed_(std::move(on_missed)) {}
    /// Everything has ended in time.
    ~ExitDeadline();
    ExitDeadline(const ExitDeadline&) = delete;
    ExitDeadline& operator=(const ExitDeadline&) = delete;

    /// Once. `at_ns`: monotonic.
    void set(std::int64_t at_ns);

 private:
    void wait_until(std::int64_t at_ns) ST_EXCLUDES(mutex_);

    const std::function<void()> on_missed_;
    Mutex mutex_;
    std::condition_variable news_;
    bool has_ended_ ST_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace st::streamd
