#pragma once
/// Lengths of time as people say them.
#include <chrono>
#include <string>

namespace st {

/// "12 s", "4 min", "5 h 40 min", "3 d 2 h": two units at most, rounded down. Negative is "0 s".
std::string rough_time(std::chrono::seconds time);

}  // namespace st
