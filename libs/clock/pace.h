#pragma once
/// How fast a device's clock runs, by when its pictures came in. Pure.
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "clock/timeline.h"

namespace st::clock {

/// A capture whose pictures come in faster than this is sent from a file.
constexpr double kPacedFpsMost = 240;
/// A clock may be off by so much and still be the one to believe.
constexpr double kPaceTolerance = 0.05;
/// No quartz is off by more: such a clock is named, though it is believed.
constexpr double kPaceOfAQuartz = 0.002;

struct PaceInput {
    ClockTimes device;
    ClockTimes arrivals;  ///< as long as device.times, or empty
    /// Bytes of each picture in the order they arrived; empty: not known.
    std::span<const std::uint32_t> bytes;
    bool is_said_unpaced = false;  ///< the camera says that it sends as fast as it can
    double said_fps = 0;           ///< by the pictures' own headers; 0: not said
};

struct Pace {
    /// Pictures came in as they were taken, so the arrivals can judge the device's clock.
    bool is_paced = false;
    /// Device time that passes in a unit of arrival time; nullopt: too little to say.
    std::optional<double> ratio;
    double doubt = 0;  ///< of the ratio's logarithm, by the scatter of the arrivals

    /// What the device's clock counts in a second: as declared, or the unit that its pace shows.
    std::uint64_t units_per_second = 1000;
    bool is_other_unit = false;
    /// Of a paced capture: another pace than real time, and no known unit, or a coarse one: these
    /// are no times to give pictures.
    bool is_off = false;
    /// What a user should know, a sentence; empty: nothing.
    std::string warning;
};

/// `device.units_per_second` is what the clock was declared to count, times `counted_per_unit`
/// (times in milliseconds are handed on in microseconds).
Pace judge_pace(const PaceInput& input, std::uint64_t counted_per_unit = 1);

}  // namespace st::clock
