#include "base/process_tree.h"

#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace st {

std::vector<pid_t> descendants_of(pid_t leader) {
    std::vector<pid_t> found{leader};
    for (std::size_t i = 0; i < found.size(); ++i) {
        // Each thread has the list of those it started.
        std::error_code gone;
        const std::string tasks = "/proc/" + std::to_string(found[i]) + "/task";
        std::filesystem::directory_iterator at(tasks, gone);
        for (; !gone && at != std::filesystem::directory_iterator(); at.increment(gone)) {
            std::ifstream children(at->path() / "children");
            for (pid_t child = 0; children >> child;) found.push_back(child);
        }
    }
    found.erase(found.begin());
    return found;
}

void signal_escaped(pid_t leader, int signal) {
    for (const pid_t pid : descendants_of(leader)) {
        if (::getpgid(pid) != leader) ::kill(pid, signal);
    }
}

}  // namespace st
