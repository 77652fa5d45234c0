#include "clock/live_pace.h"

#include <cmath>

#include "clock/pace.h"

namespace st::clock {
namespace {

constexpr double kNsPerMs = 1e6;
constexpr double kNearUnit = 0.10;  ///< of a few packets, with what their arrivals scatter
constexpr std::int64_t kBelieveAfterNs = 3'000'000'000;

// Modular on purpose: a 64-bit clock may stand anywhere.
std::int64_t difference(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

std::int64_t sum(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

}  // namespace

void LivePace::judge(std::int64_t time_ms, std::int64_t now_ns) {
    if (packets_++ == 0) {
        first_ms_ = time_ms;
        first_ns_ = now_ns;
    }
    if (packets_ == kPacketsMin / 2) {
        middle_ms_ = time_ms;
        middle_ns_ = now_ns;
    }
    const std::int64_t span_ns = now_ns - first_ns_;
    if (packets_ < kPacketsMin || span_ns < kSpanMinNs) return;
    const auto pace_of = [](std::int64_t ms, std::int64_t ns) {
        return ns > 0 ? static_cast<double>(ms) * kNsPerMs / static_cast<double>(ns) : 0;
    };
    const double pace = pace_of(difference(time_ms, first_ms_), span_ns);
    const double before = pace_of(difference(middle_ms_, first_ms_), middle_ns_ - first_ns_);
    const double after = pace_of(difference(time_ms, middle_ms_), now_ns - middle_ns_);
    const bool is_paced = static_cast<double>(span_ns) / (packets_ - 1) >= 1e9 / kPacedFpsMost;
    const bool is_even = before > 0 && after > 0 && std::abs(std::log(before / after)) < 0.5;
    if (is_paced && is_even) {
        for (const double unit : {90.0, 1e3, 1e6}) {
            if (std::abs(std::log(pace / unit)) > kNearUnit) continue;
            state_ = State::rescaled;
            units_per_ms_ = unit;
            return;
        }
    }
    const bool is_slow = pace * kPaceMost < 1 && pace >= 0 && span_ns >= kBelieveAfterNs / 3;
    if (is_paced && (is_slow || (is_even && pace > kPaceMost))) {
        state_ = State::replaced;
        return;
    }
    if (span_ns < kBelieveAfterNs) return;
    if (is_paced && pace > 0.5 && pace < 2) {
        state_ = State::believed;
        return;
    }
    packets_ = 0;
}

std::int64_t LivePace::map(std::int64_t time_ms, std::int64_t now_ns,
                           std::int64_t publisher_began_ns) {
    was_corrected_ = false;
    if (!has_first_) begin_ms_ = time_ms;
    has_first_ = true;
    if (state_ == State::judging) {
        judge(time_ms, now_ns);
        was_corrected_ = state_ == State::rescaled || state_ == State::replaced;
    }
    const auto elapsed_ms = [&](std::int64_t ns) { return (ns - publisher_began_ns) / 1'000'000; };
    switch (state_) {
        case State::judging:
        case State::believed:
            return time_ms;
        case State::rescaled:
            return sum(begin_ms_,
                       elapsed_ms(first_ns_) +
                           std::llround(static_cast<double>(difference(time_ms, first_ms_)) /
                                        units_per_ms_));
        case State::replaced:
            return sum(begin_ms_, elapsed_ms(now_ns));
    }
    return time_ms;
}

}  // namespace st::clock
