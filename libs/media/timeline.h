#pragma once
/// From the times a clock gave the pictures to display times that a file can carry: strictly
/// rising, from zero, exact where the clock was right, and counted where it was not. Pure.
#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

namespace st::media {

constexpr std::int64_t kTicksPerSecond = 90'000;

/// The times of one clock, in the order the pictures are shown. Borrowed.
struct ClockTimes {
    std::span<const std::uint64_t> times;  ///< modulo 2^64: an overflow is a small step
    std::uint64_t units_per_second = 1000;
    /// Places, rising, at which another recording begins: its clock owes nothing to the one before,
    /// so a jump there is no fault. Borrowed.
    std::span<const std::size_t> seams = {};
};

struct DisplayTimes {
    std::vector<std::int64_t> ticks;    ///< from 0, strictly rising
    std::uint64_t repairs = 0;          ///< pictures whose time was moved or made up
    std::int64_t median_ticks = 0;      ///< usual distance of two pictures, at least 1
    std::vector<std::size_t> restarts;  ///< places from which the clock counted from elsewhere
};

/// Display times from `clock`. Faults and what becomes of them, each counted once:
///   the same time again, or a little back for a moment   the previous picture's plus 1 tick
///   one picture far off                                  half-way, at most a usual distance after
///   its neighbour back and staying there, or ahead by over max_gap     goes on with the step of
///   `other` (the arrival clock)
///                                                        if that is sound, else with the median
/// At a seam the last of these is no fault and not counted; other seams are passed like any place.
/// `other.times` is empty or as long as clock.times. max_gap is above 0.
DisplayTimes plan_times(const ClockTimes& clock, const ClockTimes& other,
                        std::chrono::milliseconds max_gap);

/// Evenly spaced: picture n at n / fps, fps = numerator / denominator.
DisplayTimes constant_times(std::size_t pictures, double fps);

/// Times that could be wrong are at most max(1, 2 %) of them.
inline bool is_trustworthy(std::uint64_t repairs, std::uint64_t pictures) {
    return repairs <= 1 || repairs * 50 <= pictures;
}

}  // namespace st::media
