#include "worker/spawn.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

extern char** environ;

namespace st::worker {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif
#else
constexpr bool kIsSanitized = false;
#endif

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    all.reserve(texts.size() + 1);
    for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
    all.push_back(nullptr);
    return all;
}

std::vector<char*> environment() {
    std::vector<char*> all;
    for (char** at = environ; *at != nullptr; ++at) {
        bool is_withheld = false;
        for (const std::string_view prefix : kWithheldVariables) {
            is_withheld = is_withheld || std::string_view(*at).starts_with(prefix);
        }
        if (!is_withheld) all.push_back(*at);
    }
    all.push_back(nullptr);
    return all;
}

// From here on: in the child of a process with many threads. Only calls that are safe there.

void say(const char* text) { (void)!::write(2, text, std::strlen(text)); }

void limit(__rlimit_resource_t resource, std::uint64_t value) {
    const rlimit both{value, value};
    if (value > 0) ::setrlimit(resource, &both);
}

void reset_signals() {
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void arrange(const StandardStreams& streams) {
    const int null = ::open("/dev/null", O_RDWR);
    // Some of the caller's may be 0, 1 or 2 themselves: first move all of them out of the way.
    const auto moved = [&](int fd) { return ::fcntl(fd < 0 ? null : fd, F_DUPFD, 3); };
    const int in = moved(streams.in);
    const int out = moved(streams.out);
    const int err = moved(streams.err);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    ::close_range(3, ~0U, 0);
}

void settle(const StandardStreams& streams, const ProcessLimits& limits, pid_t parent) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(kCannotStart);
    reset_signals();
    arrange(streams);
    limit(RLIMIT_FSIZE, limits.file_bytes);
    limit(RLIMIT_NOFILE, limits.descriptors);
    if (!kIsSanitized) limit(RLIMIT_AS, limits.address_bytes);
}

[[noreturn]] void become(char* const* argv, char* const* variables) {
    ::execvpe(argv[0], argv, variables);
    say("cannot run ");
    say(argv[0]);
    say(": ");
    say(::strerrordesc_np(errno));
    say("\n");
    ::_exit(kCannotStart);
}

template <class InChild>
pid_t fork_child(const StandardStreams& streams, const ProcessLimits& limits, InChild&& in_child) {
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (child == 0) {
        settle(streams, limits, parent);
        in_child();
    }
    // In both processes: kill(-child) must find the group whoever runs first.
    ::setpgid(child, child);
    return child;
}

}  // namespace

pid_t spawn(const std::vector<std::string>& argv, StandardStreams streams,
            const ProcessLimits& limits) {
    const auto arguments = pointers(argv);
    const auto variables = environment();
    return fork_child(streams, limits, [&] { become(arguments.data(), variables.data()); });
}

pid_t spawn_copy(const std::function<int()>& body, StandardStreams streams,
                 const ProcessLimits& limits) {
    // Nothing of the parent's is flushed or destroyed twice.
    return fork_child(streams, limits, [&] { ::_exit(body()); });
}

int wait_for(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

std::string Exit::text() const {
    if (signal == 0) return "exit code " + std::to_string(code);
    const char* name = ::sigabbrev_np(signal);
    const char* meaning = ::sigdescr_np(signal);
    return "killed by SIG" + std::string(name != nullptr ? name : std::to_string(signal)) +
           (meaning != nullptr ? " (" + std::string(meaning) + ")" : "");
}

Exit exit_of(int status) {
    return WIFSIGNALED(status) ? Exit{0, WTERMSIG(status)} : Exit{WEXITSTATUS(status), 0};
}

bool is_sanitized() { return kIsSanitized; }

}  // namespace st::worker
