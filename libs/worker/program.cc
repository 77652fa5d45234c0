#include "worker/program.h"

#include <filesystem>

namespace st::worker {

std::string helper_program(std::string_view name) {
    return beside_bin("libexec/streamd/" + std::string(name));
}

std::string beside_bin(std::string_view path) {
    const auto self = std::filesystem::read_symlink("/proc/self/exe");
    return (self.parent_path().parent_path() / path).string();
}

}  // namespace st::worker
