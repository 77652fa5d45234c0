#include "streamd/watchdog.h"

#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace st::streamd {
namespace {

std::optional<std::int64_t> number_of(const char* variable) {
    const char* text = std::getenv(variable);
    if (text == nullptr) return std::nullopt;
    const std::string_view digits(text);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

}  // namespace

std::optional<std::chrono::microseconds> watchdog_interval() {
    const auto limit_us = number_of("WATCHDOG_USEC");
    if (!limit_us || *limit_us < 2) return std::nullopt;
    if (std::getenv("WATCHDOG_PID") != nullptr && number_of("WATCHDOG_PID") != ::getpid()) {
        return std::nullopt;
    }
    return std::chrono::microseconds(*limit_us / 2);
}

Watchdog::Watchdog(loop::Timers& control, std::chrono::microseconds interval, AskLoops ask_loops,
                   std::function<void()> tell)
    : control_(control),
      interval_(interval),
      ask_loops_(std::move(ask_loops)),
      tell_(std::move(tell)) {
    ask();
}

Watchdog::~Watchdog() {
    *alive_ = false;
    control_.cancel(timer_);
}

void Watchdog::ask() {
    ask_loops_([this, alive = alive_] {
        if (!*alive) return;
        tell_();
        timer_ = control_.after(interval_, [this] { ask(); });
    });
}

}  // namespace st::streamd
