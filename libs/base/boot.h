#pragma once
/// Which start of the machine this is. Any thread.
#include <string>

namespace st {

/// The kernel's name for it, a UUID: CLOCK_MONOTONIC counts from the same moment wherever it is the
/// same, whatever happens to the wall clock. "": the kernel does not say. random(4), boot_id.
std::string boot_id();

}  // namespace st
