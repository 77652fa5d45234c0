#pragma once
/// systemd's watchdog (sd_watchdog_enabled(3), `WatchdogSec=`): it is told that the server lives
/// only while the control loop and every network loop take their turns. A slow disk is not a
/// reason to be restarted: recordings wait for it.
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "loop/timers.h"

namespace st::streamd {

/// How often the service manager wants to hear from this process: half of $WATCHDOG_USEC. Nullopt:
/// not at all, or $WATCHDOG_PID names another process.
std::optional<std::chrono::microseconds> watchdog_interval();

class Watchdog {
 public:
    /// `ask_loops` calls what it is given, on the control loop, once every loop has had its turn.
    using AskLoops = std::function<void(std::function<void()>)>;

    /// All on the control loop's thread. `tell` says to the service manager that all is well.
    Watchdog(loop::Timers& control, std::chrono::microseconds interval, AskLoops ask_loops,
             std::function<void()> tell);
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

 private:
    void ask();

    loop::Timers& control_;
    const std::chrono::microseconds interval_;
    const AskLoops ask_loops_;
    const std::function<void()> tell_;
    loop::TimerId timer_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< an answer may come after us
};

}  // namespace st::streamd
