#pragma once
/// Which start of the machine this is, and whether times are of the same one. Any thread.
#include <cstdint>
#include <span>
#include <string>

namespace st {

/// The kernel's name for it, a UUID: CLOCK_MONOTONIC counts from the same moment wherever it is the
/// same, whatever happens to the wall clock. "": the kernel does not say. random(4), boot_id.
std::string boot_id();

/// One moment by both clocks of a machine.
struct MachineTime {
    std::int64_t wall_us = 0;
    std::int64_t monotonic_us = 0;
    std::string boot_id;  ///< "": not known
};

/// Whether all are of one start of the machine, so that CLOCK_MONOTONIC tells how far apart they
/// are. Where one does not say which start it was, that the clocks differ by the same, to 2 s,
/// has to tell: clocks of one start stay that near to each other while NTP corrects one.
bool are_of_one_start(std::span<const MachineTime> times);

}  // namespace st
