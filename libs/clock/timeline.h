#pragma once
/// From the times a clock gave the pictures to display times that a file can carry: strictly
/// rising, from zero, exact where the clock was right, and counted where it was not. Pure.
///
/// Two clocks judge each other. The device's says when a picture was taken, the arrival clock when
/// it came in: the same moment and a delay, which grows and shrinks but is never negative. So
///   where both say about the same (agrees()), the device's step is real time, however long;
///   where the arrivals are behind, the network was late, and the device's step is real time too;
///   where the device is ahead of the arrivals and of its own pace, the device is wrong.
/// A fixed limit, max_gap, decides only about a step that one clock alone reports.
#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

namespace st::clock {

constexpr std::int64_t kTicksPerSecond = 90'000;
/// For times in whole microseconds.
constexpr std::int64_t kFineTicksPerSecond = 1'000'000;
/// For steps that would not fit a sample table otherwise.
constexpr std::int64_t kCoarseTicksPerSecond = 1'000;

/// The times of one clock, in the order the pictures are shown. Borrowed.
struct ClockTimes {
    std::span<const std::uint64_t> times;  ///< modulo 2^64: an overflow is a small step
    std::uint64_t units_per_second = 1000;
    /// Places, rising, at which another recording begins: its clock owes nothing to the one before,
    /// so a jump there is no fault. Borrowed.
    std::span<const std::size_t> seams = {};
};

/// Two spans of time by two clocks are the same time: within 10 % and 500 ms.
bool agrees(std::int64_t a_us, std::int64_t b_us);

struct DisplayTimes {
    std::vector<std::int64_t> ticks;  ///< from 0, strictly rising
    std::int64_t ticks_per_second = kTicksPerSecond;
    std::uint64_t repairs = 0;          ///< pictures whose time was moved or made up
    std::int64_t median_ticks = 0;      ///< usual distance of two pictures, at least 1
    std::vector<std::size_t> restarts;  ///< places from which the clock counted from elsewhere
    /// The most by which the two clocks differed over a step that was believed all the same, and
    /// that may be the device's fault; 0: no more than a network explains.
    std::int64_t doubt_us = 0;
};

struct PlanOptions {
    std::chrono::milliseconds max_gap{60'000};  ///< above 0
    /// Coarser all the same if a step would be more than 2^31 ticks.
    std::int64_t ticks_per_second = kTicksPerSecond;
    /// The pictures came in as they were taken, so the arrivals can say that the device's clock is
    /// wrong. Else they can only confirm a pause.
    bool arrivals_judge = true;
};

/// Display times from the device's clock. Faults and what becomes of them, each counted once:
///   the same time again          the previous picture's plus 1 tick
///   a stray time: the next ones go on where the one before was
///                                where its arrival puts it; half-way without arrivals
///   its clock set, there and back where it went on by the arrivals' least delays; without
///                                arrivals, by the median
/// At a seam the last of these is no fault and not counted. `arrivals.times` is as long as
/// device.times; empty if there are none.
DisplayTimes plan_device_times(const ClockTimes& device, const ClockTimes& arrivals,
                               const PlanOptions& options);

/// Display times from the arrivals. A step over max_gap is kept if the device's clock agrees;
/// others go on with the device's step, or the median. `device.times` is empty if that clock is
/// not to be asked.
DisplayTimes plan_arrival_times(const ClockTimes& arrivals, const ClockTimes& device,
                                const PlanOptions& options);

/// Evenly spaced: picture n at n / fps, fps = numerator / denominator.
DisplayTimes constant_times(std::size_t pictures, double fps);

/// Times that could be wrong are at most max(1, 2 %) of them.
inline bool is_trustworthy(std::uint64_t repairs, std::uint64_t pictures) {
    return repairs <= 1 || repairs * 50 <= pictures;
}

}  // namespace st::clock
