#include "clock/live_pace.h"

#include <cmath>

#include "clock/pace.h"

namespace st::clock {
namespace {

constexpr double kNsPerMs = 1e6;
constexpr double kNearUnit = 0.10;  ///< of a few packets, with what their arrivals scatter
constexpr std::int64_t kBelieveAfterNs = 3'000'000'000;
/// Of a camera: what differs so much from its arrivals is not believed, as in clock/pace.h, ...
constexpr double kPacedDifference = 0.05;
/// ... but a network may shift the arrivals by so much: what is small is looked at for longer.
constexpr double kShiftNs = 1e9;

// Modular on purpose: a 64-bit clock may stand anywhere.
std::int64_t difference(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

std::int64_t sum(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

}  // namespace

/// Whether neither a clock nor a publisher has this pace, over `span_ns`.
bool LivePace::is_impossible(double pace, bool is_even, std::int64_t span_ns) const {
    if (pace > kPaceMost) return is_even;
    if (span_ns < kBelieveAfterNs / 3) return false;
    if (pace >= 0 && pace * kPaceMost < 1) return true;
    const double difference = std::abs(pace - 1);
    return is_said_paced_ && is_even && difference > kPacedDifference &&
           difference * static_cast<double>(span_ns) > kShiftNs;
}

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
    if (is_paced && is_impossible(pace, is_even, span_ns)) {
        state_ = State::replaced;
        return;
    }
    if (span_ns < kBelieveAfterNs) return;
    const double most = is_said_paced_ ? 1 + kPacedDifference : 2;
    if (is_paced && pace > 1 / most && pace < most) {
        state_ = State::believed;
        return;
    }
    // A small difference shows after a while; what came unevenly is judged anew.
    if (!is_said_paced_ || !is_even) packets_ = 0;
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
