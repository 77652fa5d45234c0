#include "base/boot.h"

#include <algorithm>
#include <fstream>

namespace st {

std::string boot_id() {
    constexpr std::size_t kUuidBytes = 36;
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id.size() == kUuidBytes ? id : std::string();
}

bool are_of_one_start(std::span<const MachineTime> times) {
    constexpr std::int64_t kSameStartUs = 2'000'000;
    if (times.empty()) return true;
    const bool all_say_so =
        std::ranges::none_of(times, [](const MachineTime& time) { return time.boot_id.empty(); });
    if (all_say_so) {
        return std::ranges::all_of(
            times, [&](const MachineTime& time) { return time.boot_id == times[0].boot_id; });
    }
    const auto apart = [](const MachineTime& time) { return time.wall_us - time.monotonic_us; };
    const auto [least, most] = std::ranges::minmax_element(times, {}, apart);
    return apart(*most) - apart(*least) <= kSameStartUs;
}

}  // namespace st
