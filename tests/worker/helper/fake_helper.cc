/// A helper for tests: does what the name of the job says, well or badly.
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

#include "worker/filter.h"
#include "worker/serve.h"

namespace {

std::string read_all(int fd) {
    std::string all;
    std::array<char, 4096> piece{};
    for (ssize_t got = 0; (got = ::read(fd, piece.data(), piece.size())) > 0;) {
        all.append(piece.data(), static_cast<std::size_t>(got));
    }
    return all;
}

std::string perform(std::string_view name, std::string_view request, std::span<const int> fds) {
    if (name == "echo") return std::string(request);
    if (name == "pid") return std::to_string(::getpid());
    if (name == "refuse") throw std::runtime_error(std::string(request));
    if (name == "crash") ::raise(SIGSEGV);
    if (name == "leave") ::_exit(7);
    if (name == "say") {
        (void)!::write(STDERR_FILENO, request.data(), request.size());
        return "";
    }
    if (name == "fail") {
        (void)!::write(STDERR_FILENO, request.data(), request.size());
        ::_exit(7);
    }
    if (name == "despair") {
        for (std::size_t done = 0; done < std::size_t{1} << 20; done += request.size()) {
            (void)!::write(STDERR_FILENO, request.data(), request.size());
        }
        ::abort();
    }
    if (name == "hang") {
        (void)!::write(STDERR_FILENO, request.data(), request.size());
        std::this_thread::sleep_for(std::chrono::hours(1));
    }
    if (name == "read") return read_all(fds[0]);
    if (name == "write") {
        return std::to_string(::write(fds[0], request.data(), request.size()));
    }
    if (name == "descriptors") {
        int open = 0;
        for (int fd = 0; fd < 1024; ++fd) open += ::lseek(fd, 0, SEEK_CUR) >= 0 || errno != EBADF;
        return std::to_string(open);
    }
    if (name == "limits") {
        rlimit limit{};
        ::getrlimit(RLIMIT_FSIZE, &limit);
        return std::to_string(limit.rlim_cur) + " " +
               std::to_string(::getpriority(PRIO_PROCESS, 0));
    }
    if (name == "nonsense") {
        (void)!::write(STDIN_FILENO, "?", 1);
        std::this_thread::sleep_for(std::chrono::hours(1));
    }
    if (name == "long") return std::string(std::size_t{1} << 20, 'x');
    if (name == "spin") {
        std::atomic<std::uint64_t> turns{0};
        for (;;) ++turns;
    }
    throw std::runtime_error("no such job");
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view how = argc > 1 ? argv[1] : "";
    if (how == "exit") return 3;
    if (how == "complain") {
        (void)!::write(STDERR_FILENO, "no codec\n", 9);
        return 3;
    }
    if (how == "mute") std::this_thread::sleep_for(std::chrono::hours(1));
    if (how == "stranger") (void)!::write(STDIN_FILENO, "hello", 5);
    return st::worker::serve(perform, how == "remark" ? "unwell" : "");
}
