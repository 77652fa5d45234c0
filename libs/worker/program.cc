#include "worker/program.h"

#include <filesystem>

namespace st::worker {

std::string helper_program(std::string_view name) {
    const auto self = std::filesystem::read_symlink("/proc/self/exe");
    return (self.parent_path().parent_path() / "libexec" / "streamd" / name).string();
}

}  // namespace st::worker
