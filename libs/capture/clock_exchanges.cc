#include "capture/clock_exchanges.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "camera/frame.h"

namespace st::capture {
namespace {

/// More than what is asked within what the estimator looks at around a time.
constexpr std::size_t kRecentMax = 512;
/// 73,000 years: no clock counts so far, and sums of a few such times do not overflow.
constexpr std::uint64_t kDeviceUsMax = std::uint64_t{1} << 61;

std::optional<std::int64_t> device_us(std::uint64_t time, camera::TimeUnit unit) {
    const std::uint64_t per_unit = unit == camera::TimeUnit::us ? 1 : 1000;
    if (time > kDeviceUsMax / per_unit) return std::nullopt;
    return static_cast<std::int64_t>(camera::to_us(time, unit));
}

std::int64_t resolution_us(camera::TimeUnit unit) {
    return unit == camera::TimeUnit::us ? 1 : 1000;
}

}  // namespace

void ClockExchanges::begin(const camera::ClockAbilities& abilities) {
    if (!abilities.has_exchange) return stop();
    if (is_on_ && abilities == abilities_) return;
    stop();
    abilities_ = abilities;
    clock_ = clock::ExchangeClock(resolution_us(abilities.unit),
                                  static_cast<std::int64_t>(abilities.uncertainty_us), kRecentMax);
    recent_.clear();
    asked_ = 0;
    tries_ = 0;
    is_on_ = true;
    ask();
}

void ClockExchanges::stop() {
    is_on_ = false;
    timers_.cancel(std::exchange(timer_, 0));
    unanswered_.clear();
}

void ClockExchanges::set_streaming(bool is_streaming) {
    if (std::exchange(is_streaming_, is_streaming) == is_streaming || !is_on_) return;
    if (is_streaming && asked_ >= kAtFirst) ask();
}

void ClockExchanges::ask() {
    const std::int64_t now_ns = timers_.clock_ns();
    const std::int64_t given_up_ns = now_ns - std::chrono::nanoseconds(kPatience).count();
    std::erase_if(unanswered_, [&](const auto& entry) { return entry.second <= given_up_ns; });
    if (unanswered_.size() < kUnansweredMax) {
        const std::uint32_t id = next_id_++;
        unanswered_[id] = now_ns;
        send_(id);
    }
    if (asked_ <= kAtFirst) ++asked_;
    ++tries_;
    ask_after(interval());
}

void ClockExchanges::ask_again_if_slow(const clock::Exchange& exchange) {
    if (asked_ < kAtFirst) return;
    const std::int64_t slower_us = exchange.round_trip_us() - *clock_.least_round_trip_us();
    if (std::chrono::microseconds(slower_us) <= kSlow || tries_ >= kAtFirst) {
        tries_ = 0;
    } else {
        ask_after(kFirstInterval);
    }
}

std::chrono::nanoseconds ClockExchanges::interval() const {
    if (asked_ < kAtFirst) return kFirstInterval;
    return is_streaming_ ? kStreamingInterval : kIdleInterval;
}

void ClockExchanges::ask_after(std::chrono::nanoseconds wait) {
    timers_.cancel(timer_);
    timer_ = timers_.after(wait, [this] {
        timer_ = 0;
        ask();
    });
}

std::optional<clock::Exchange> ClockExchanges::on_reply(const camera::ClockReply& reply,
                                                        std::int64_t now_ns) {
    const auto asked = unanswered_.extract(reply.id);
    const auto received = device_us(reply.received, abilities_.unit);
    const auto replied = device_us(reply.sent, abilities_.unit);
    const bool is_late =
        !asked.empty() && now_ns - asked.mapped() > std::chrono::nanoseconds(kPatience).count();
    if (!is_on_ || asked.empty() || is_late || !received || !replied) {
        ++ignored_;
        return std::nullopt;
    }
    // The question left at that time or later, the answer was here at that time or before.
    const clock::Exchange exchange{asked.mapped() / 1000, *received, *replied, now_ns / 1000 + 1};
    if (!clock_.add(exchange)) {
        ++ignored_;
        return std::nullopt;
    }
    const std::int64_t old_us = exchange.returned_us - clock::ExchangeClock::kWindowUs;
    std::erase_if(recent_, [&](const clock::Exchange& one) { return one.returned_us < old_us; });
    if (recent_.size() == kRecentMax) recent_.erase(recent_.begin());
    recent_.push_back(exchange);
    ask_again_if_slow(exchange);
    return exchange;
}

std::optional<std::uint64_t> ClockExchanges::device_time(std::int64_t server_ns) const {
    const auto latest = clock_.latest();
    if (!latest) return std::nullopt;
    const std::int64_t server_us = server_ns / 1000;
    const std::int64_t about_us = server_us - std::llround(latest->offset_us);
    const auto then = clock_.at(about_us, server_us);
    const double device = static_cast<double>(server_us) - then->offset_us;
    if (device < 0) return std::nullopt;
    const auto us = static_cast<std::uint64_t>(std::ceil(device));
    return abilities_.unit == camera::TimeUnit::us ? us : (us + 999) / 1000;
}

}  // namespace st::capture
