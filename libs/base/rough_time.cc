#include "base/rough_time.h"

#include <algorithm>
#include <cstdint>

namespace st {

std::string rough_time(std::chrono::seconds time) {
    const std::int64_t seconds = std::max<std::int64_t>(0, time.count());
    const auto pair = [](std::int64_t large, const char* of_large, std::int64_t small,
                         const char* of_small) {
        const std::string text = std::to_string(large) + " " + of_large;
        return small == 0 ? text : text + " " + std::to_string(small) + " " + of_small;
    };
    if (seconds < 60) return std::to_string(seconds) + " s";
    if (seconds < 600) return pair(seconds / 60, "min", seconds % 60, "s");
    if (seconds < 3600) return std::to_string(seconds / 60) + " min";
    if (seconds < 86'400) return pair(seconds / 3600, "h", seconds / 60 % 60, "min");
    return pair(seconds / 86'400, "d", seconds / 3600 % 24, "h");
}

}  // namespace st
