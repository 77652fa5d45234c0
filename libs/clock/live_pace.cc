#include "clock/live_pace.h"

#include <algorithm>
#include <cmath>

#include "clock/modular.h"
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
/// So near to what the media says, its packets are as far apart.
constexpr double kNearSaid = 0.04;
/// Of a publisher whose media says nothing: relays catch up, and files are sent a little too fast.
constexpr double kFarPace = 1.5;
/// A clock that counts twice, or half, does so exactly.
constexpr double kNearWhole = 0.02;
/// Two tracks of one clock move on together, but for how the publisher interleaves them.
constexpr double kNearOther = 0.2;
constexpr double kInterleavedMs = 500;

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

bool LivePace::is_as_said(double interval_ms) const {
    return said_interval_ms_ > 0 && interval_ms > 0 &&
           std::abs(std::log(interval_ms / said_interval_ms_)) < kNearSaid;
}

/// The arrivals are the times from now on.
void LivePace::replace(double units_per_ms) {
    state_ = State::replaced;
    if (units_per_ms > 0) units_per_ms_ = units_per_ms;
}

/// Of a publisher that nobody said is paced, whose packets come evenly and at another pace than its
/// clock's: `interval_ms` apart by that clock, not as the media says.
void LivePace::doubt(double pace, double interval_ms, std::int64_t span_ns) {
    if (std::abs(pace - 1) * static_cast<double>(span_ns) <= kShiftNs) return;
    if (!is_as_said(interval_ms / pace)) {
        const bool is_far = pace > kFarPace || pace * kFarPace < 1;
        if (is_far && span_ns >= kBelieveAfterNs) replace(pace);
        return;
    }
    // The media is more exact than arrivals, and the other track's clock is wrong by as much.
    const double factor = interval_ms / said_interval_ms_;
    replace(factor);
    if (factor <= 0) return;
    const double whole = factor >= 1 ? std::round(factor) : 1 / std::round(1 / factor);
    if (std::abs(std::log(factor / whole)) > kNearWhole || whole == 1) return;
    state_ = State::rescaled;
    units_per_ms_ = whole;
}

LivePace::Word LivePace::word(double interval_ms, double pace, bool is_even) const {
    if (is_as_said(interval_ms)) return Word::right;
    return is_even && is_as_said(interval_ms / pace) ? Word::wrong : Word::none;
}

/// Whether both have moved on by as much since judging began.
bool LivePace::shares_clock(const LivePace& other, std::int64_t time_ms) const {
    const auto mine = static_cast<double>(difference(time_ms, first_ms_));
    const auto its = static_cast<double>(difference(other.last_ms_, *other_ms_));
    return std::abs(mine - its) <= std::max(kInterleavedMs, kNearOther * std::abs(mine));
}

/// What its media says is known, but not yet how far its packets are apart.
bool LivePace::has_yet_to_speak() const {
    return said_interval_ms_ > 0 && state_ == State::judging && packets_ < kPacketsMin;
}

/// The other track's media has spoken of the clock.
void LivePace::follow(const LivePace& other, std::int64_t span_ns) {
    if (other.word_ == Word::right) {
        if (span_ns >= kBelieveAfterNs) state_ = State::believed;
    } else if (other.state_ == State::rescaled || other.state_ == State::replaced) {
        state_ = other.state_;
        units_per_ms_ = other.units_per_ms_;
    }
}

/// Where the pace before is compared with the one after: what begins in a burst is even later.
void LivePace::note_middle(std::int64_t time_ms, std::int64_t now_ns) {
    const Place here{time_ms, now_ns, packets_};
    if (packets_ == kPacketsMin / 2) middle_ = next_ = here;
    if (packets_ < kPacketsMin || packets_ != 2 * next_.packets) return;
    if (next_.packets > middle_.packets) middle_ = next_;
    next_ = here;
}

void LivePace::judge(std::int64_t time_ms, std::int64_t now_ns, const LivePace* other) {
    if (packets_++ == 0) {
        first_ms_ = time_ms;
        first_ns_ = now_ns;
        other_ms_.reset();
    }
    if (other != nullptr && !other->has_first_) other = nullptr;
    if (other != nullptr && !other_ms_) {
        other_ms_ = difference(other->last_ms_, difference(time_ms, first_ms_));
    }
    note_middle(time_ms, now_ns);
    const std::int64_t span_ns = now_ns - first_ns_;
    if (packets_ < kPacketsMin) return;
    const auto pace_of = [](std::int64_t ms, std::int64_t ns) {
        return ns > 0 ? static_cast<double>(ms) * kNsPerMs / static_cast<double>(ns) : 0;
    };
    const double pace = pace_of(difference(time_ms, first_ms_), span_ns);
    const double before = pace_of(difference(middle_.ms, first_ms_), middle_.ns - first_ns_);
    const double after = pace_of(difference(time_ms, middle_.ms), now_ns - middle_.ns);
    const bool is_paced = static_cast<double>(span_ns) / (packets_ - 1) >= 1e9 / kPacedFpsMost;
    const bool is_even = before > 0 && after > 0 && std::abs(std::log(before / after)) < 0.5;
    const double interval_ms = static_cast<double>(difference(time_ms, first_ms_)) / (packets_ - 1);
    word_ = word(interval_ms, pace, is_even);
    if (span_ns < kSpanMinNs) return;
    if (is_paced && is_even) {
        for (const double unit : {90.0, 1e3, 1e6}) {
            if (std::abs(std::log(pace / unit)) > kNearUnit) continue;
            state_ = State::rescaled;
            units_per_ms_ = unit;
            return;
        }
    }
    may_be_ahead_ = is_said_paced_ && word_ == Word::right && pace > 1 + kPacedDifference;
    const bool is_shifted = std::abs(pace - 1) * static_cast<double>(span_ns) > kShiftNs;
    if ((!is_said_paced_ && word_ == Word::right) || (may_be_ahead_ && is_shifted)) {
        if (span_ns >= kBelieveAfterNs) state_ = State::believed;
        return;
    }
    if (!is_said_paced_ && word_ == Word::none && other != nullptr) {
        if (other->word_ != Word::none && shares_clock(*other, time_ms)) {
            return follow(*other, span_ns);
        }
        if (other->has_yet_to_speak() && span_ns < 2 * kBelieveAfterNs) return;
    }
    if (is_paced && is_impossible(pace, is_even, span_ns)) return replace(pace);
    if (!is_said_paced_ && is_paced && is_even) doubt(pace, interval_ms, span_ns);
    if (state_ != State::judging || span_ns < kBelieveAfterNs) return;
    // A small difference is waited for; what came at once at first hides it for a while.
    const double lately_ms =
        static_cast<double>(now_ns - middle_.ns) / kNsPerMs / (packets_ - middle_.packets);
    if (!is_said_paced_ && is_paced && is_as_said(lately_ms)) return;
    const double most = is_said_paced_ ? 1 + kPacedDifference : 2;
    if (is_paced && pace > 1 / most && pace < most) {
        state_ = State::believed;
        return;
    }
    // A small difference shows after a while; what came unevenly is judged anew.
    if (!is_said_paced_ || !is_even) packets_ = 0;
}

std::int64_t LivePace::map(std::int64_t time_ms, std::int64_t now_ns,
                           std::int64_t publisher_began_ns, const LivePace* other) {
    was_corrected_ = false;
    if (!has_first_) begin_ms_ = time_ms;
    has_first_ = true;
    last_ms_ = time_ms;
    if (state_ == State::judging) {
        judge(time_ms, now_ns, other);
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
