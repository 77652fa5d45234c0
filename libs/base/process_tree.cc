#include "base/process_tree.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

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

std::vector<Fd> escaped_from(pid_t leader) {
    std::vector<Fd> escaped;
    for (const pid_t pid : descendants_of(leader)) {
        if (::getpgid(pid) == leader) continue;
        Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        if (process) escaped.push_back(std::move(process));
    }
    return escaped;
}

void send_signal(const std::vector<Fd>& processes, int signal) {
    for (const Fd& process : processes) {
        ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0);
    }
}

}  // namespace st
