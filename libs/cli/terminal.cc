#include "cli/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>

#include "cli/exit_codes.h"

namespace st::cli {
namespace {

void write_all(const std::string& text) {
    // Progress is decoration: a terminal that went away is not an error.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

/// Why standard output could not be flushed, the first time.
int output_error = 0;

bool has_no_reader() {
    pollfd output{STDOUT_FILENO, 0, 0};
    return ::poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

/// As it would have been had the program not ignored the signal for its sockets.
[[noreturn]] void end_by_sigpipe() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    ::sigaction(SIGPIPE, &action, nullptr);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);  // a library may have blocked it
    ::raise(SIGPIPE);
    std::_Exit(kIoFailed);
}

}  // namespace

void flush_output() {
    // An insertion that failed has left its reason here, unless something else failed since.
    const bool is_reason = errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO;
    if (!std::cout && output_error == 0 && is_reason) output_error = errno;
    errno = 0;
    std::cout.flush();
    const bool is_flushed = std::fflush(stdout) == 0;
    if ((!std::cout || !is_flushed) && output_error == 0) output_error = errno;
}

int finish_output(std::string_view program, int exit_code) {
    flush_output();
    if (std::cout && std::ferror(stdout) == 0 && output_error == 0) return exit_code;
    if (output_error == EPIPE || has_no_reader()) end_by_sigpipe();
    std::cerr << program << ": standard output: "
              << (output_error != 0 ? std::strerror(output_error) : "cannot be written")
              << std::endl;
    return kIoFailed;
}

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

int columns(int fd) {
    winsize size{};
    return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

int rows(int fd) {
    winsize size{};
    return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

void Progress::show(std::string_view text) {
    if (!shown_) return;
    const auto room = static_cast<std::size_t>(columns(STDERR_FILENO) - 1);
    write_all("\r" + std::string(text.substr(0, room)) + "\033[K");
    on_screen_ = true;
}

void Progress::clear() {
    if (!on_screen_) return;
    write_all("\r\033[K");
    on_screen_ = false;
}

}  // namespace st::cli
