#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "cli/exit_codes.h"
#include "streamctl/client/interrupt.h"
#include "streamctl/commands/commands.h"
#include "worker/program.h"
#include "worker/spawn.h"

extern char** environ;

namespace st::streamctl {
namespace {

Failed cannot_run(const std::string& program, int error) {
    return {cli::kIoFailed, program + ": " + std::strerror(error)};
}

/// Ctrl-C reaches the child by itself, which is of our process group; what is sent to us alone is
/// handed on. Of SIGHUP, which a terminal that goes sends to both, the child heeds the first one.
void wait_and_hand_on(pid_t child, Interrupt& interrupt) {
    const Fd ended(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    std::array<pollfd, 2> fds{pollfd{ended.get(), POLLIN, 0}, pollfd{interrupt.fd(), POLLIN, 0}};
    while (fds[0].revents == 0) {
        if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
        if (interrupt.take() && interrupt.ends_program())
            ::kill(child, interrupt.last() == SIGHUP ? SIGHUP : SIGTERM);
    }
}

}  // namespace

int run_push(const Options& options, Interrupt* shared) {
    const std::string program = worker::helper_program("streamctl-push");
    std::vector<char*> arguments{const_cast<char*>(program.c_str())};
    for (const std::string& word : options.typed) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    if (shared == nullptr) {
        ::execv(program.c_str(), arguments.data());
        throw cannot_run(program, errno);
    }
    pid_t child = 0;
    const int error =
        ::posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments.data(), environ);
    if (error != 0) throw cannot_run(program, error);
    wait_and_hand_on(child, *shared);
    const worker::Exit exit = worker::exit_of(worker::wait_for(child));
    return exit.signal == 0 ? exit.code : 128 + exit.signal;
}

}  // namespace st::streamctl
