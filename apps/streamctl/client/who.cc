#include "streamctl/client/who.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "base/random.h"

namespace st::streamctl {
namespace {

std::string account() {
    std::vector<char> room(4096);
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(::geteuid(), &entry, room.data(), room.size(), &found) == 0 &&
        found != nullptr) {
        return found->pw_name;
    }
    return "uid " + std::to_string(::geteuid());  // of a container without a passwd file
}

std::string machine() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
    const std::string full(name.data());
    return full.substr(0, full.find('.'));
}

}  // namespace

std::string who() { return account() + "@" + machine(); }

std::string new_owner() {
    const auto number = std::bit_cast<std::uint64_t>(random_bytes<8>());
    return who().substr(0, 64) + ":" + std::to_string(::getpid()) + ":" + std::to_string(number);
}

}  // namespace st::streamctl
