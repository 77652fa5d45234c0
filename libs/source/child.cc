#include "source/child.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include "base/process_tree.h"

extern char** environ;

namespace st::source {
namespace {

constexpr int kCannotStart = 127;

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

struct PipeEnds {
    Fd read;
    Fd write;
};

PipeEnds make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe for a child process");
    PipeEnds pipe{Fd(ends[0]), Fd(ends[1])};
    // Only our end: the child's programs expect writes that block.
    if (::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK) != 0) fail("pipe for a child process");
    return pipe;
}

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
        for (const std::string_view prefix : Child::kWithheld) {
            is_withheld = is_withheld || std::string_view(*at).starts_with(prefix);
        }
        if (!is_withheld) all.push_back(*at);
    }
    all.push_back(nullptr);
    return all;
}

void say(const char* text) { (void)!::write(2, text, std::strlen(text)); }

/// In the child of a process with many threads: only calls that are safe there.
[[noreturn]] void become(char* const* argv, char* const* environment, int output, int error_output,
                         pid_t parent) {
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
    // 0, 1 and 2 of the parent may have been closed, and given to these: first out of their way.
    const int out = ::fcntl(output, F_DUPFD, 3);
    const int err = ::fcntl(error_output, F_DUPFD, 3);
    ::dup2(null, 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    ::close_range(3, ~0U, 0);
    ::execvpe(argv[0], argv, environment);
    say("cannot run ");
    say(argv[0]);
    say(": ");
    say(::strerrordesc_np(errno));
    say("\n");
    ::_exit(kCannotStart);
}

}  // namespace

std::string Exit::text() const {
    if (signal == 0) return "exit code " + std::to_string(code);
    const char* name = ::sigabbrev_np(signal);
    const char* meaning = ::sigdescr_np(signal);
    return "killed by SIG" + std::string(name != nullptr ? name : std::to_string(signal)) +
           (meaning != nullptr ? " (" + std::string(meaning) + ")" : "");
}

Child::Child(loop::EventLoop& loop, const std::vector<std::string>& argv, ChildHandler& handler)
    : loop_(loop), handler_(handler) {
    PipeEnds output = make_pipe();
    PipeEnds error_output = make_pipe();
    const auto arguments = pointers(argv);
    const auto variables = environment();
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) fail("fork");
    if (pid_ == 0) {
        become(arguments.data(), variables.data(), output.write.get(), error_output.write.get(),
               parent);
    }
    // Here as well: whoever is first, kill(-pid) finds the group.
    ::setpgid(pid_, pid_);
    is_running_ = true;
    try {
        pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
        if (!pidfd_) fail("pidfd_open");
        loop_.add(pidfd_.get(), watch_, EPOLLIN);
        output_.open(std::move(output.read));
        error_output_.open(std::move(error_output.read));
    } catch (...) {
        end();
        throw;
    }
}

Child::~Child() { end(); }

/// Closes everything, and the process with it.
void Child::end() {
    output_.close();
    error_output_.close();
    if (pidfd_) loop_.remove(pidfd_.get(), watch_);
    pidfd_.reset();
    if (is_running_) reap();
}

/// The process is dead or will be at once. Its group goes first: as long as it is not waited for,
/// nobody else can get its number.
void Child::reap() {
    kill();
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    is_running_ = false;
    escaped_.clear();
    exit_ = WIFSIGNALED(status) ? Exit{0, WTERMSIG(status)} : Exit{WEXITSTATUS(status), 0};
}

void Child::terminate() { signal(SIGTERM); }

void Child::kill() { signal(SIGKILL); }

void Child::signal(int number) {
    if (!is_running_) return;
    // First: their parents' end hides them. They are signalled again with the next one.
    for (Fd& process : escaped_from(pid_)) escaped_.push_back(std::move(process));
    send_signal(escaped_, number);
    ::kill(-pid_, number);
}

void Child::Watch::on_ready(std::uint32_t) {
    Child& child = child_;
    if (!child.is_running_) return;
    child.reap();
    const std::weak_ptr<bool> alive = child.alive_;
    child.output_.read();
    if (alive.expired()) return;
    child.error_output_.read();
    if (alive.expired()) return;
    child.end();
    child.handler_.on_exit(child.exit_);
}

void Child::Pipe::open(Fd fd) {
    fd_ = std::move(fd);
    child_.loop_.add(fd_.get(), *this, EPOLLIN);
}

void Child::Pipe::close() {
    if (!fd_) return;
    child_.loop_.remove(fd_.get(), *this);
    fd_.reset();
}

void Child::Pipe::on_ready(std::uint32_t) { read(); }

void Child::Pipe::read() {
    const auto scratch = child_.loop_.scratch();
    const std::weak_ptr<bool> alive = child_.alive_;
    std::size_t budget = kReadBudget;
    while (fd_) {
        const ssize_t got = ::read(fd_.get(), scratch.data(), scratch.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) return close();
        const auto size = static_cast<std::size_t>(got);
        const Bytes bytes = scratch.first(size);
        is_output_ ? child_.handler_.on_output(bytes) : child_.handler_.on_error_output(bytes);
        if (alive.expired()) return;
        if (size < budget) {
            budget -= size;
            continue;
        }
        // A pipe holds less than this: after the end of the process nothing is left behind here.
        return child_.loop_.defer([this, alive] {
            if (!alive.expired()) read();
        });
    }
}

}  // namespace st::source
