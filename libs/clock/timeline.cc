#include "clock/timeline.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "clock/modular.h"

namespace st::clock {
namespace {

/// Pictures that must stay behind a step back before it is a clock set back and not a stray time.
constexpr std::size_t kStaysBack = 2;
/// So many stray times in a row are told from a clock that was set.
constexpr std::size_t kStraysInARow = 3;
/// Pictures before and behind a restart whose least delays are compared.
constexpr std::size_t kRestartWindow = 64;
constexpr std::int64_t kAgreeUs = 500'000;
/// One part in so many is more than any quartz is off.
constexpr std::int64_t kQuartz = 500;
/// A difference that a viewer sees.
constexpr std::int64_t kSeenUs = 50'000;
/// So many pictures show the least delay of an arrival.
constexpr std::size_t kDelaysKnown = 8;
constexpr std::int64_t kUsPerSecond = 1'000'000;
/// No sample table holds a longer step (2^31 of the coarsest ticks): it is no time that passed.
constexpr std::int64_t kStepUsMost = std::numeric_limits<std::int32_t>::max() * std::int64_t{1000};

/// `units` of a clock in units of another one; saturates.
std::int64_t convert(std::int64_t units, std::uint64_t per_second, std::int64_t into_per_second) {
    const auto second = static_cast<std::int64_t>(per_second);
    const std::int64_t whole = units / second;
    const std::int64_t rest = units % second;
    constexpr std::int64_t kMost = std::int64_t{1} << 62;
    if (whole >= kMost / into_per_second) return kMost;
    if (whole <= -kMost / into_per_second) return -kMost;
    // In double only where the product could overflow: a clock of 10^12 units a second.
    if (second > std::numeric_limits<std::int64_t>::max() / 2 / into_per_second) {
        return whole * into_per_second +
               std::llround(static_cast<double>(rest) / static_cast<double>(second) *
                            static_cast<double>(into_per_second));
    }
    const std::int64_t half = rest < 0 ? -second / 2 : second / 2;
    return whole * into_per_second + (rest * into_per_second + half) / second;
}

enum class Role : std::uint8_t { device, arrival };

class Planner {
 public:
    Planner(Role role, const ClockTimes& clock, const ClockTimes& other, const PlanOptions& options)
        : role_(role),
          clock_(clock),
          other_(other),
          has_other_(!other.times.empty()),
          judges_(has_other_ && role == Role::device && options.arrivals_judge),
          max_gap_us_(std::chrono::microseconds(options.max_gap).count()) {
        out_.ticks_per_second = options.ticks_per_second;
    }

    DisplayTimes run() {
        const std::size_t count = clock_.times.size();
        find_median();
        out_.ticks.reserve(count);
        if (count == 0) return std::move(out_);
        out_.ticks.push_back(0);
        // A first time that nothing follows on (0 of a configuration message) does not cost the
        // second one: the clock restarts there.
        for (std::size_t i = 1; i < count; ++i) place(i);
        return std::move(out_);
    }

 private:
    std::int64_t step_us(std::size_t from, std::size_t to) const {
        return convert(difference(clock_.times[to], clock_.times[from]), clock_.units_per_second,
                       kUsPerSecond);
    }
    std::int64_t other_us(std::size_t from, std::size_t to) const {
        return convert(difference(other_.times[to], other_.times[from]), other_.units_per_second,
                       kUsPerSecond);
    }
    std::int64_t ticks_of_us(std::int64_t us) const {
        return convert(us, kUsPerSecond, out_.ticks_per_second);
    }
    std::int64_t us_of_ticks(std::int64_t ticks) const {
        return convert(ticks, static_cast<std::uint64_t>(out_.ticks_per_second), kUsPerSecond);
    }
    bool is_within_gap(std::int64_t us) const { return us > 0 && us <= max_gap_us_; }

    /// Median of the steps that can be true; without any, a tenth of a second.
    void find_median() {
        std::vector<std::uint32_t> steps;
        steps.reserve(clock_.times.size());
        const std::int64_t most_us = has_other_ ? kStepUsMost : max_gap_us_;
        for (std::size_t i = 1; i < clock_.times.size(); ++i) {
            const std::int64_t us = step_us(i - 1, i);
            if (us > 0 && us <= most_us)
                steps.push_back(static_cast<std::uint32_t>(std::min<std::int64_t>(us, UINT32_MAX)));
        }
        median_us_ = kUsPerSecond / 10;
        if (!steps.empty()) {
            const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
            std::nth_element(steps.begin(), middle, steps.end());
            median_us_ = *middle;
        }
        out_.median_ticks = std::max<std::int64_t>(1, ticks_of_us(median_us_));
    }

    /// From the last picture that was believed to picture i, both clocks tell the same time. A
    /// delay that had grown and has shrunk again does so since the last picture where they agreed.
    bool both_agree(std::size_t i) const {
        return agrees(step_us(good_, i), other_us(good_, i)) ||
               agrees(step_us(anchor_, i), other_us(anchor_, i));
    }

    /// Picture i goes on where the last one that was believed was.
    bool follows(std::size_t i) const {
        const std::int64_t step = step_us(good_, i);
        return judges_ ? step > 0 && both_agree(i) : is_within_gap(step);
    }

    /// The next pictures follow on the last one that was believed, and not on picture i.
    bool is_stray(std::size_t i) const {
        const std::size_t end = std::min(clock_.times.size(), i + 1 + kStraysInARow);
        for (std::size_t next = i + 1; next < end; ++next) {
            if (follows(next)) return true;
        }
        return i + 1 == clock_.times.size();
    }

    /// By this clock alone: a time ahead of those behind it, which are where they should be.
    bool is_stray_alone(std::size_t i) const {
        if (step_us(good_, i) <= 2 * median_us_) return false;
        const std::size_t end = std::min(clock_.times.size(), i + 1 + kStraysInARow);
        for (std::size_t next = i + 1; next < end; ++next) {
            const std::int64_t step = step_us(good_, next);
            const auto places = static_cast<std::int64_t>(next - good_);
            if (step > 0 && step <= (places + 1) * median_us_ && step_us(i, next) < 0) return true;
        }
        return false;
    }

    /// Does the clock go on from here, that is, do the next pictures not return to where it was?
    bool stays_away(std::size_t i) const {
        for (std::size_t next = i + 1; next < clock_.times.size() && next <= i + kStaysBack;
             ++next) {
            if (follows(next)) return false;
        }
        return i + 1 < clock_.times.size();
    }

    bool is_seam(std::size_t i) {
        while (next_seam_ < clock_.seams.size() && clock_.seams[next_seam_] < i) ++next_seam_;
        return next_seam_ < clock_.seams.size() && clock_.seams[next_seam_] == i;
    }

    /// Display time of picture i by the clock, as it counts now.
    std::int64_t at(std::size_t i) const {
        return base_ticks_ + convert(difference(clock_.times[i], clock_.times[base_]),
                                     clock_.units_per_second, out_.ticks_per_second);
    }

    void push_repaired(std::int64_t ticks) {
        out_.ticks.push_back(std::max(ticks, out_.ticks.back() + 1));
        ++out_.repairs;
    }

    /// By more than pictures that a stall held back and that come in at once.
    bool is_ahead_of_arrivals(std::size_t i) const {
        const double ahead_us =
            static_cast<double>(step_us(i - 1, i)) - static_cast<double>(other_us(i - 1, i));
        return ahead_us > static_cast<double>(median_us_) + static_cast<double>(kSeenUs);
    }

    /// Where the arrivals put picture i: behind the pictures before it, all with their least delay.
    /// nullopt: they cannot tell.
    std::optional<std::int64_t> by_arrival(std::size_t i, bool clock_goes_on) const {
        if (!judges_) return std::nullopt;
        std::int64_t before_us = std::numeric_limits<std::int64_t>::max();
        for (std::size_t n = i - std::min(i, kRestartWindow); n < i; ++n) {
            const std::int64_t age = out_.ticks[i - 1] - out_.ticks[n];
            before_us = std::min(before_us, us_of_ticks(age) - other_us(n, i));
        }
        std::int64_t after_us = 0;
        const std::size_t end = std::min(clock_.times.size(), i + kRestartWindow);
        for (std::size_t n = i + 1; clock_goes_on && n < end; ++n) {
            if (step_us(n - 1, n) <= 0 || !agrees(step_us(i, n), other_us(i, n))) break;
            if (is_ahead_of_arrivals(n)) break;  // it may have been set again
            after_us = std::min(after_us, other_us(i, n) - step_us(i, n));
        }
        const std::int64_t us = after_us - before_us;
        if (us > kStepUsMost) return std::nullopt;
        if (std::abs(us) > kUsPerSecond && !agrees(us, other_us(i - 1, i))) return std::nullopt;
        return out_.ticks.back() + ticks_of_us(us);
    }

    /// The clock counts from elsewhere from picture i on.
    void restart_at(std::size_t i) {
        std::int64_t ticks = out_.ticks.back() + out_.median_ticks;
        const auto told = by_arrival(i, true);
        const bool is_told = told.has_value();
        if (is_told) {
            ticks = *told;
        } else if (has_other_) {
            const std::int64_t us = other_us(i - 1, i);
            if (is_within_gap(us)) ticks = out_.ticks.back() + ticks_of_us(us);
        }
        push_repaired(ticks);
        count_from(i);
        if (!is_told) forget_delays(i);
    }

    void count_from(std::size_t i) {
        out_.restarts.push_back(i);
        base_ = good_ = anchor_ = i;
        base_ticks_ = out_.ticks.back();
    }

    void forget_delays(std::size_t i) {
        delays_from_ = i;
        least_delay_us_ = 0;
        delays_ = 1;
    }

    /// One picture far away from its neighbours: where it arrived, else between them.
    void place_stray(std::size_t i) {
        std::int64_t most = out_.ticks.back() + out_.median_ticks;
        const std::size_t end = std::min(clock_.times.size(), i + 1 + kStraysInARow);
        for (std::size_t next = i + 1; next < end; ++next) {
            if (!follows(next)) continue;
            const std::int64_t gap = at(next) - out_.ticks.back();
            if (const auto told = by_arrival(i, false)) {
                return push_repaired(std::min(*told, out_.ticks.back() + gap - 1));
            }
            most = std::min(most, out_.ticks.back() + gap / 2);
            break;
        }
        push_repaired(by_arrival(i, false).value_or(most));
    }

    /// Whether picture i moves the anchor: nearer than agrees(), which lets a pause hide a delay.
    bool is_anchor(std::size_t i) const {
        const std::int64_t step = step_us(anchor_, i);
        return std::abs(step - other_us(anchor_, i)) <= kAgreeUs + step / kQuartz;
    }

    /// Notes a step that was believed though the arrivals confirm it only roughly. Arrivals that
    /// are late by more than the step is off the clock's own pace were late.
    void note_doubt(std::size_t i) {
        const std::int64_t step = step_us(good_, i);
        const std::int64_t ahead = step - other_us(good_, i);
        const std::int64_t ahead_of_anchor = step_us(anchor_, i) - other_us(anchor_, i);
        const std::int64_t apart = std::min(std::abs(ahead), std::abs(ahead_of_anchor));
        if (apart <= kAgreeUs + step / kQuartz) return;
        const std::int64_t late = -std::min(ahead, ahead_of_anchor);
        if (2 * std::abs(step - median_us_) <= late) return;
        out_.doubt_us = std::max(out_.doubt_us, apart);
    }

    void believe(std::size_t i) {
        const std::int64_t ticks = at(i);
        if (judges_) {
            note_doubt(i);
            least_delay_us_ = std::min(least_delay_us_, delay_us(i, ticks));
            ++delays_;
        }
        if (has_other_ && is_anchor(i)) anchor_ = i;
        good_ = i;
        if (ticks > out_.ticks.back()) {
            out_.ticks.push_back(ticks);
        } else {
            push_repaired(ticks);
        }
    }

    /// The device's step forward, where the arrivals do not say the same.
    bool is_real(std::size_t i, std::int64_t step) const {
        const std::int64_t arrival = other_us(good_, i);
        if (arrival < 0) return step <= max_gap_us_;  // not a clock
        if (step <= arrival || agrees(step, median_us_)) return true;
        // The network was behind, and the pause let it catch up: by the device's time the picture
        // came no sooner after it was taken than those before.
        const bool is_sooner = delay_us(i, at(i)) < least_delay_us_ - static_cast<double>(kSeenUs);
        if (judges_ && delays_ >= kDelaysKnown && !is_sooner) return true;
        // What a stall held back comes in at once: the pauses in it are in the stall.
        return 2 * arrival < median_us_ && step_us(anchor_, i) <= other_us(anchor_, i);
    }

    /// Both agree, as agreement goes; but the device's time steps off its pace and back with the
    /// next picture, while the arrivals do not.
    bool is_small_stray(std::size_t i) const {
        if (i + 1 >= clock_.times.size() || good_ + 1 != i) return false;
        // In floating point: a hostile clock's steps are too large to be added.
        const auto apart_us = [this](std::size_t from, std::size_t to) {
            return static_cast<double>(step_us(from, to)) - static_cast<double>(other_us(from, to));
        };
        const double off_us = apart_us(good_, i);
        const double back_us = apart_us(i, i + 1);
        if (std::abs(off_us) <= kSeenUs || std::abs(off_us + back_us) * 4 > std::abs(off_us))
            return false;
        const double pace_us = std::abs(static_cast<double>(other_us(good_, i) - median_us_));
        return pace_us * 4 < std::abs(off_us);
    }

    /// How long after its display time picture i came, more than the one at delays_from_. In
    /// floating point: a hostile clock's steps are too large to be added.
    double delay_us(std::size_t i, std::int64_t ticks) const {
        return static_cast<double>(other_us(delays_from_, i)) -
               static_cast<double>(us_of_ticks(ticks - out_.ticks[delays_from_]));
    }

    /// Both agree, as agreement goes; but the device's clock leaves its pace, and by it the picture
    /// came sooner after it was taken than any one before, while the last one was not late: by so
    /// much.
    double outruns_by_us(std::size_t i, std::int64_t step) const {
        const double ahead_us = least_delay_us_ - delay_us(i, at(i));
        if (ahead_us <= static_cast<double>(kSeenUs)) return 0;
        const double usual_us = static_cast<double>(median_us_) * static_cast<double>(i - good_);
        const double late_us = delay_us(good_, at(good_)) - least_delay_us_;
        const bool leaves_pace = (static_cast<double>(step) - usual_us) * 2 >= ahead_us;
        return leaves_pace && late_us * 4 <= ahead_us ? ahead_us : 0;
    }

    /// How much later some pictures came than they were taken, by the clock as it counts now.
    struct Delays {
        double least_us = std::numeric_limits<double>::max();
        double most_us = std::numeric_limits<double>::lowest();
        std::size_t count = 0;
        void add(double us) {
            least_us = std::min(least_us, us);
            most_us = std::max(most_us, us);
            ++count;
        }
    };
    Delays delays_before(std::size_t i) const {
        Delays delays;
        for (std::size_t n = std::max(delays_from_, i - std::min(i, kDelaysKnown)); n < i; ++n)
            delays.add(delay_us(n, out_.ticks[n]));
        return delays;
    }
    Delays delays_behind(std::size_t i) const {
        Delays delays;
        const std::size_t end = std::min(clock_.times.size(), i + kDelaysKnown);
        for (std::size_t n = i; n < end && (n == i || step_us(n - 1, n) > 0); ++n)
            delays.add(delay_us(n, at(n)));
        return delays;
    }

    /// Whether the clock was set back before picture i, by less than a picture: it says that the
    /// picture was taken too soon for its pace, and all pictures from there on come as much later
    /// than they were taken. A network that becomes slower shows in the arrivals' pace instead.
    /// What cannot be told from delays that wander is noted as a doubt.
    bool is_set_back_a_little(std::size_t i, std::int64_t step) {
        const double usual_us = static_cast<double>(median_us_) * static_cast<double>(i - good_);
        const double back_us = usual_us - static_cast<double>(step);
        if (back_us <= static_cast<double>(kSeenUs)) return false;
        if (std::abs(static_cast<double>(other_us(good_, i)) - usual_us) * 4 > back_us)
            return false;
        const Delays before = delays_before(i);
        const Delays behind = delays_behind(i);
        if (std::abs(behind.least_us - before.least_us - back_us) * 4 > back_us) return false;
        const bool is_clear = before.count == kDelaysKnown && behind.count == kDelaysKnown &&
                              2 * (behind.least_us - before.most_us) >= back_us;
        if (!is_clear) out_.doubt_us = std::max(out_.doubt_us, std::int64_t{std::llround(back_us)});
        return is_clear;
    }

    void place_forward(std::size_t i, std::int64_t step) {
        if (role_ == Role::device && step <= max_gap_us_ && is_stray_alone(i))
            return place_stray(i);
        if (judges_ && is_small_stray(i)) return place_stray(i);
        const bool is_bearable = step <= kStepUsMost;
        const bool is_agreed = has_other_ && is_bearable && both_agree(i);
        const double ahead_us = judges_ && is_agreed ? outruns_by_us(i, step) : 0;
        if (ahead_us > 0 && delays_ >= kDelaysKnown) return restart_at(i);
        out_.doubt_us = std::max<std::int64_t>(out_.doubt_us, std::llround(ahead_us));
        if (is_agreed) return believe(i);
        if (judges_) {
            if (is_bearable && is_real(i, step)) return believe(i);
            return is_stray(i) ? place_stray(i) : restart_at(i);
        }
        if (step <= max_gap_us_) return believe(i);
        stays_away(i) ? restart_at(i) : place_stray(i);
    }

    void place(std::size_t i) {
        const std::int64_t step = step_us(good_, i);
        if (is_seam(i)) {
            if (is_within_gap(step)) return believe_at_seam(i);
            restart_at_seam(i);
            return;
        }
        if (judges_ && step >= 0 && is_set_back_a_little(i, step)) return restart_at(i);
        if (step > 0) return place_forward(i, step);
        if (difference(clock_.times[i], clock_.times[good_]) == 0)
            return push_repaired(out_.ticks.back() + 1);
        if (stays_away(i)) return restart_at(i);
        if (!judges_ && step >= -max_gap_us_) return push_repaired(out_.ticks.back() + 1);
        place_stray(i);
    }

    void believe_at_seam(std::size_t i) {
        believe(i);
        anchor_ = i;
    }

    void restart_at_seam(std::size_t i) {
        std::int64_t us = has_other_ ? other_us(i - 1, i) : 0;
        if (!is_within_gap(us)) us = median_us_;
        out_.ticks.push_back(out_.ticks.back() + std::max<std::int64_t>(1, ticks_of_us(us)));
        count_from(i);
        forget_delays(i);
    }

    const Role role_;
    const ClockTimes& clock_;
    const ClockTimes& other_;
    const bool has_other_;
    const bool judges_;  ///< the arrivals may accuse this clock; else they only confirm
    const std::int64_t max_gap_us_;
    DisplayTimes out_;
    std::int64_t median_us_ = 0;
    std::size_t base_ = 0;         ///< the time of this picture is
    std::int64_t base_ticks_ = 0;  ///< this display time
    std::size_t good_ = 0;         ///< the last picture whose time was believed
    std::size_t anchor_ = 0;       ///< the last one at which both clocks agreed
    std::size_t delays_from_ = 0;  ///< the picture from which delays are compared
    double least_delay_us_ = 0;    ///< of those that were believed
    std::size_t delays_ = 1;       ///< that it is the least of
    std::size_t next_seam_ = 0;    ///< in clock_.seams
};

DisplayTimes plan(Role role, const ClockTimes& clock, const ClockTimes& other,
                  PlanOptions options) {
    DisplayTimes out = Planner(role, clock, other, options).run();
    std::int64_t longest = out.median_ticks;
    for (std::size_t i = 1; i < out.ticks.size(); ++i)
        longest = std::max(longest, out.ticks[i] - out.ticks[i - 1]);
    if (longest <= std::numeric_limits<std::int32_t>::max()) return out;
    options.ticks_per_second =
        options.ticks_per_second > kTicksPerSecond ? kTicksPerSecond : kCoarseTicksPerSecond;
    if (out.ticks_per_second <= kCoarseTicksPerSecond) return out;
    return plan(role, clock, other, options);
}

}  // namespace

bool agrees(std::int64_t a_us, std::int64_t b_us) {
    constexpr double kShare = 0.10;
    const double apart = std::abs(static_cast<double>(a_us) - static_cast<double>(b_us));
    const double longer =
        std::max(std::abs(static_cast<double>(a_us)), std::abs(static_cast<double>(b_us)));
    return apart <= kShare * longer + static_cast<double>(kAgreeUs);
}

DisplayTimes plan_device_times(const ClockTimes& device, const ClockTimes& arrivals,
                               const PlanOptions& options) {
    return plan(Role::device, device, arrivals, options);
}

DisplayTimes plan_arrival_times(const ClockTimes& arrivals, const ClockTimes& device,
                                const PlanOptions& options) {
    return plan(Role::arrival, arrivals, device, options);
}

DisplayTimes constant_times(std::size_t pictures, double fps) {
    DisplayTimes out;
    const double step = static_cast<double>(kTicksPerSecond) / fps;
    out.median_ticks = std::max<std::int64_t>(1, std::llround(step));
    out.ticks.reserve(pictures);
    for (std::size_t i = 0; i < pictures; ++i) {
        const std::int64_t ticks = std::llround(static_cast<double>(i) * step);
        out.ticks.push_back(i == 0 ? 0 : std::max(ticks, out.ticks.back() + 1));
    }
    return out;
}

}  // namespace st::clock
