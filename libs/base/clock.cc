#include "base/clock.h"

#include <array>
#include <cstdio>

namespace st {

std::string rfc3339(std::int64_t wall_us) {
    std::int64_t seconds = wall_us / 1'000'000;
    std::int64_t micros = wall_us % 1'000'000;
    if (micros < 0) {
        micros += 1'000'000;
        --seconds;
    }
    const time_t at = static_cast<time_t>(seconds);
    tm utc{};
    gmtime_r(&at, &utc);
    std::array<char, 64> text{};
    const std::size_t used = strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    std::array<char, 16> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(micros / 1000));
    return std::string(text.data(), used) + fraction.data();
}

std::string local_stamp(std::int64_t wall_us) {
    const time_t at = static_cast<time_t>(wall_us / 1'000'000);
    tm local{};
    localtime_r(&at, &local);
    std::array<char, 32> text{};
    const std::size_t used = strftime(text.data(), text.size(), "%Y%m%d_%H%M%S", &local);
    return {text.data(), used};
}

}  // namespace st
