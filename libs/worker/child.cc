#include "worker/child.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "base/fd_io.h"
#include "base/process_tree.h"

namespace st::worker {
namespace {

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

/// In memory alone, to be read from its beginning; none for no text.
Fd file_of(std::string_view text) {
    if (text.empty()) return Fd();
    Fd file(::memfd_create("input", MFD_CLOEXEC));
    if (!file) fail("memory for the input of a child process");
    if (!write_all(file.get(), as_bytes(text))) fail("memory for the input of a child process");
    if (::lseek(file.get(), 0, SEEK_SET) != 0) fail("memory for the input of a child process");
    return file;
}

}  // namespace

Child::Child(loop::EventLoop& loop, const std::vector<std::string>& argv, ChildHandler& handler,
             std::string_view input)
    : loop_(loop), handler_(handler) {
    const Fd in = file_of(input);
    PipeEnds output = make_pipe();
    PipeEnds error_output = make_pipe();
    pid_ = spawn(argv, {in ? in.get() : StandardStreams::kNull, output.write.get(),
                        error_output.write.get()});
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
    exit_ = exit_of(wait_for(pid_));
    is_running_ = false;
    escaped_.clear();
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

}  // namespace st::worker
