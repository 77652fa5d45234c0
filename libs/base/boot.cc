#include "base/boot.h"

#include <fstream>

namespace st {

std::string boot_id() {
    constexpr std::size_t kUuidBytes = 36;
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id.size() == kUuidBytes ? id : std::string();
}

}  // namespace st
