#pragma once
/// Starts child processes: the one place of the tree that forks for that.
///
/// The child gets default signal dispositions and an empty mask, a process group of its own, the
/// three standard descriptors named here and no others, and is killed when the thread that started
/// it ends (PR_SET_PDEATHSIG): call spawn() on a thread that lives as long as the child may.
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace st::worker {

/// Environment variables that begin with one of these are not handed on: the server's own
/// configuration, with its secrets, and what the service manager tells the server alone.
constexpr std::string_view kWithheldVariables[] = {"STREAMD_", "NOTIFY_SOCKET=", "WATCHDOG_",
                                                   "LISTEN_"};
/// The exit code of a child that could not execute its program.
constexpr int kCannotStart = 127;

/// Descriptors of the caller; borrowed.
struct StandardStreams {
    static constexpr int kNull = -1;  ///< /dev/null
    int in = kNull;
    int out = kNull;
    int err = kNull;
};

/// Resource limits, soft and hard; 0: as the caller's.
struct ProcessLimits {
    std::uint64_t address_bytes = 0;  ///< not applied under sanitizers, which need terabytes
    std::uint64_t file_bytes = 0;
    std::uint64_t descriptors = 0;
};

/// Starts argv[0], looked up in PATH. A program that cannot be executed is an exit with
/// kCannotStart, the reason on standard error. Throws std::system_error if there is no process to
/// be had. The child must be waited for.
pid_t spawn(const std::vector<std::string>& argv, StandardStreams streams,
            const ProcessLimits& limits = {});

/// The same without a new program: `body` runs in a forked child, its result is the exit code. Much
/// cheaper where that program's libraries are loaded already; only for a process whose other
/// threads hold no locks.
pid_t spawn_copy(const std::function<int()>& body, StandardStreams streams,
                 const ProcessLimits& limits = {});

/// waitpid(2) without EINTR; returns the status.
int wait_for(pid_t pid);

/// How a process ended.
struct Exit {
    int code = 0;    ///< its exit code, if it was not killed
    int signal = 0;  ///< else what killed it
    bool is_success() const { return code == 0 && signal == 0; }
    std::string text() const;  ///< "exit code 1", "killed by SIGSEGV (Segmentation fault)"
};
Exit exit_of(int status);

/// Built with the address or thread sanitizer: no address limit, no system call filter, and no fork
/// without an exec, since another thread may hold one of the sanitizer's own locks.
bool is_sanitized();

}  // namespace st::worker
