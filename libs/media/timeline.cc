#include "media/timeline.h"

#include <algorithm>
#include <cmath>

namespace st::media {
namespace {

/// Pictures that must stay behind a step back before it is a clock set back and not a stray time.
constexpr std::size_t kStaysBack = 2;

class Planner {
 public:
    Planner(const ClockTimes& clock, const ClockTimes& other, std::chrono::milliseconds max_gap)
        : clock_(clock),
          other_(other),
          max_gap_(units(max_gap, clock.units_per_second)),
          other_max_gap_(units(max_gap, other.units_per_second)) {}

    DisplayTimes run() {
        const std::size_t count = clock_.times.size();
        out_.median_ticks = median();
        out_.ticks.reserve(count);
        if (count == 0) return std::move(out_);
        out_.ticks.push_back(0);
        base_ = last_good_ = clock_.times[0];
        // A first time that nothing follows on (0 of a configuration message) shall not cost the
        // second.
        for (std::size_t i = 1; i < count; ++i) place(i);
        return std::move(out_);
    }

 private:
    static std::int64_t units(std::chrono::milliseconds time, std::uint64_t per_second) {
        return time.count() * static_cast<std::int64_t>(per_second) / 1000;
    }
    /// a - b on a clock that may wrap.
    static std::int64_t difference(std::uint64_t a, std::uint64_t b) {
        return static_cast<std::int64_t>(a - b);
    }
    static std::int64_t to_ticks(std::int64_t units, std::uint64_t per_second) {
        const auto second = static_cast<std::int64_t>(per_second);
        const std::int64_t whole = units / second;
        const std::int64_t rest = units % second;
        return whole * kTicksPerSecond + (rest * kTicksPerSecond + second / 2) / second;
    }
    bool is_step_forward(std::int64_t step) const { return step > 0 && step <= max_gap_; }

    /// Median of the steps that can be true; without any, a tenth of a second.
    std::int64_t median() const {
        std::vector<std::uint32_t> steps;
        steps.reserve(clock_.times.size());
        for (std::size_t i = 1; i < clock_.times.size(); ++i) {
            const std::int64_t step = difference(clock_.times[i], clock_.times[i - 1]);
            if (!is_step_forward(step)) continue;
            const std::int64_t ticks = to_ticks(step, clock_.units_per_second);
            steps.push_back(
                static_cast<std::uint32_t>(std::clamp<std::int64_t>(ticks, 1, UINT32_MAX)));
        }
        if (steps.empty()) return kTicksPerSecond / 10;
        const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
        std::nth_element(steps.begin(), middle, steps.end());
        return *middle;
    }

    /// How far `other` says picture i is from the one before; the median if it does not know.
    std::int64_t other_step(std::size_t i) const {
        if (other_.times.empty()) return out_.median_ticks;
        const std::int64_t step = difference(other_.times[i], other_.times[i - 1]);
        if (step <= 0 || step > other_max_gap_) return out_.median_ticks;
        return std::max<std::int64_t>(1, to_ticks(step, other_.units_per_second));
    }

    /// Does the clock go on from here, that is, do the next pictures not return to where it was?
    bool stays_away(std::size_t i) const {
        for (std::size_t next = i + 1; next < clock_.times.size() && next <= i + kStaysBack;
             ++next) {
            const std::int64_t from_old = difference(clock_.times[next], last_good_);
            if (is_step_forward(from_old)) return false;
        }
        return i + 1 < clock_.times.size();
    }

    void push_repaired(std::int64_t ticks) {
        out_.ticks.push_back(std::max(ticks, out_.ticks.back() + 1));
        ++out_.repairs;
    }

    bool is_seam(std::size_t i) {
        while (next_seam_ < clock_.seams.size() && clock_.seams[next_seam_] < i) ++next_seam_;
        return next_seam_ < clock_.seams.size() && clock_.seams[next_seam_] == i;
    }

    void restart_at(std::size_t i) {
        push_repaired(out_.ticks.back() + other_step(i));
        out_.restarts.push_back(i);
        base_ = last_good_ = clock_.times[i];
        base_ticks_ = out_.ticks.back();
    }

    /// One picture far away from its neighbours: between them.
    void place_stray(std::size_t i) {
        std::int64_t step = out_.median_ticks;
        for (std::size_t next = i + 1; next < clock_.times.size(); ++next) {
            const std::int64_t ahead = difference(clock_.times[next], last_good_);
            if (!is_step_forward(ahead)) continue;
            const std::int64_t gap = at(clock_.times[next]) - out_.ticks.back();
            step = std::min(step, gap / 2);
            break;
        }
        push_repaired(out_.ticks.back() + std::max<std::int64_t>(step, 1));
    }

    std::int64_t at(std::uint64_t time) const {
        return base_ticks_ + to_ticks(difference(time, base_), clock_.units_per_second);
    }

    void place(std::size_t i) {
        const std::int64_t step = difference(clock_.times[i], last_good_);
        if (is_step_forward(step)) {
            const std::int64_t ticks = at(clock_.times[i]);
            last_good_ = clock_.times[i];
            if (ticks > out_.ticks.back()) {
                out_.ticks.push_back(ticks);
            } else {
                push_repaired(ticks);
            }
            return;
        }
        if (is_seam(i)) {
            restart_at(i);
            --out_.repairs;
            return;
        }
        if (step == 0) return push_repaired(out_.ticks.back() + 1);
        if (stays_away(i)) return restart_at(i);
        if (step < 0 && step >= -max_gap_) return push_repaired(out_.ticks.back() + 1);
        place_stray(i);
    }

    const ClockTimes& clock_;
    const ClockTimes& other_;
    const std::int64_t max_gap_;
    const std::int64_t other_max_gap_;  ///< in units of the other clock
    DisplayTimes out_;
    std::uint64_t base_ = 0;       ///< this time of the clock is
    std::int64_t base_ticks_ = 0;  ///< this display time
    std::uint64_t last_good_ = 0;  ///< latest time that was believed
    std::size_t next_seam_ = 0;    ///< in clock_.seams
};

}  // namespace

DisplayTimes plan_times(const ClockTimes& clock, const ClockTimes& other,
                        std::chrono::milliseconds max_gap) {
    return Planner(clock, other, max_gap).run();
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

}  // namespace st::media
