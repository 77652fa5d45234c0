#include "av/worker.h"

#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "av/error.h"
#include "av/handles.h"
#include "av/process_limits.h"
#include "av/thumbnail.h"
#include "base/clock.h"
#include "base/fd.h"

// glibc 2.36 forgets to say that these are C functions.
extern "C" {
#include <sys/pidfd.h>
}

namespace st::av {
namespace {

constexpr int kCannotStart = 127;
constexpr std::size_t kMessageBytesMax = 1024;

/// In the child. Only calls that are safe after a fork of many threads.
void isolate(const Limits& limits, int error_fd, pid_t parent) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(kCannotStart);
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, 0);
    ::dup2(null, 1);
    ::dup2(error_fd, 2);
    ::close_range(3, ~0U, 0);
    limit_resource(RLIMIT_CORE, 0);
    limit_resource(RLIMIT_CPU, static_cast<std::uint64_t>(limits.cpu.count()));
    limit_resource(RLIMIT_FSIZE, limits.file_bytes);
    if (limits.address_bytes > 0) limit_address_space(limits.address_bytes);
}

[[noreturn]] void become(char* const* argv) {
    ::execvp(argv[0], argv);
    constexpr std::string_view kText = "cannot be executed\n";
    (void)!::write(2, kText.data(), kText.size());
    ::_exit(kCannotStart);
}

[[noreturn]] void perform(const std::function<void()>& step) {
    int code = 0;
    try {
        step();
    } catch (const std::exception& error) {
        (void)!::write(2, error.what(), std::strlen(error.what()));
        code = 1;
    }
    ::_exit(code);  // nothing of the parent's is flushed or destroyed twice
}

/// Reads what the child says until it ends. False: it ran out of time.
bool follow(int child_fd, int error_fd, std::chrono::milliseconds timeout, std::string& said) {
    const std::int64_t deadline = monotonic_ns() + Nanoseconds(timeout).count();
    std::array<pollfd, 2> fds{pollfd{child_fd, POLLIN, 0}, pollfd{error_fd, POLLIN, 0}};
    for (;;) {
        const std::int64_t left_ms = (deadline - monotonic_ns()) / 1'000'000;
        if (left_ms <= 0) return false;
        const int ready = ::poll(fds.data(), fds.size(),
                                 static_cast<int>(std::min<std::int64_t>(left_ms, 60'000)));
        if (ready < 0 && errno != EINTR) return false;
        if (ready <= 0) continue;
        if (fds[1].revents != 0) {
            std::array<char, 512> text{};
            const ssize_t got = ::read(error_fd, text.data(), text.size());
            if (got <= 0) {
                fds[1].fd = -1;
            } else if (said.size() < kMessageBytesMax) {
                said.append(text.data(), static_cast<std::size_t>(got));
            }
            continue;
        }
        if (fds[0].revents != 0) return true;
    }
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

int report(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    return 1;
}

}  // namespace

namespace {

/// Forks; `in_child` does not return.
template <class InChild>
Result<void> run_child(const Limits& limits, InChild&& in_child) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return st::Error{"no pipe for a worker", kCannotStart};
    const Fd from(ends[0]);
    Fd to(ends[1]);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) return st::Error{std::string("fork: ") + std::strerror(errno), kCannotStart};
    if (child == 0) {
        isolate(limits, to.get(), parent);
        in_child();
    }
    to.reset();
    const Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    std::string said;
    const bool ended = handle && follow(handle.get(), from.get(), limits.timeout, said);
    if (!ended) {
        ::kill(-child, SIGKILL);
        ::kill(child, SIGKILL);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!ended) return st::Error{"worker ran out of time", SIGKILL};
    if (WIFSIGNALED(status)) {
        return st::Error{std::string("worker died: ") + ::strsignal(WTERMSIG(status)),
                         128 + WTERMSIG(status)};
    }
    if (WEXITSTATUS(status) == 0) return {};
    return st::Error{said.empty() ? "worker failed" : first_line(said), WEXITSTATUS(status)};
}

int release_text(dl_phdr_info* library, std::size_t, void*) {
    for (int i = 0; i < library->dlpi_phnum; ++i) {
        const auto& segment = library->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        constexpr std::uintptr_t kPage = 4096;
        const std::uintptr_t begin = (library->dlpi_addr + segment.p_vaddr) & ~(kPage - 1);
        const std::uintptr_t end = library->dlpi_addr + segment.p_vaddr + segment.p_memsz;
        ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 0;
}

}  // namespace

Result<void> run_limited(const std::vector<std::string>& argv, const Limits& limits) {
    if (argv.empty()) return st::Error{"no worker is named", kCannotStart};
    std::vector<char*> arguments;
    arguments.reserve(argv.size() + 1);
    for (const auto& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    return run_child(limits, [&] { become(arguments.data()); });
}

Result<void> run_forked(const std::function<void()>& step, const Limits& limits) {
    return run_child(limits, [&] { perform(step); });
}

void release_loader_pages() { ::dl_iterate_phdr(release_text, nullptr); }

void quiet_libav() { av_log_set_level(AV_LOG_QUIET); }

std::optional<int> run_worker(int argc, char** argv) {
    if (argc < 3 || std::string_view(argv[1]) != "--worker") return std::nullopt;
    const std::string_view step = argv[2];
    quiet_libav();
    try {
        if (step == "check" && argc == 4) {
            check_first_picture(argv[3]);
            return 0;
        }
        if (step == "thumbnail" && argc == 5) {
            write_thumbnail(argv[3], argv[4]);
            return 0;
        }
        return std::nullopt;
    } catch (const std::exception& error) {
        return report(error.what());
    }
}

}  // namespace st::av
