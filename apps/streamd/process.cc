#include "streamd/process.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <stdexcept>
#include <system_error>

#include "base/fd_io.h"
#include "base/unsupported.h"

namespace st::streamd {
namespace {

/// A camera's socket and its dump.
constexpr std::uint64_t kPerConnection = 2;
/// Besides those: listeners, loops, finalisers, helper programs. Half of the descriptors where
/// there are few.
constexpr std::uint64_t kSpareDescriptors = 256;

std::string reason() { return std::generic_category().message(errno); }

/// The limit in a file of a control group; the largest number if there is none ("max").
std::uint64_t limit_in(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::uint64_t bytes = 0;
    return in >> bytes ? bytes : std::numeric_limits<std::uint64_t>::max();
}

/// Of this process's control groups and those above them, version 1 or 2.
std::uint64_t control_group_limit() {
    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
    std::ifstream groups("/proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {
        const std::size_t path_at = line.find(":/");
        if (path_at == std::string::npos) continue;
        const bool is_v2 = line.starts_with("0::");
        if (!is_v2 && line.find(":memory:") == std::string::npos) continue;
        const std::filesystem::path root = is_v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
        const char* name = is_v2 ? "memory.max" : "memory.limit_in_bytes";
        std::filesystem::path group = line.substr(path_at + 2);
        limit = std::min(limit, limit_in(root / name));
        for (; !group.empty(); group = group.parent_path()) {
            limit = std::min(limit, limit_in(root / group / name));
        }
    }
    return limit;
}

}  // namespace

std::uint64_t raise_descriptor_limit(std::uint64_t wanted) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    if (limit.rlim_cur >= wanted) return limit.rlim_cur;
    rlimit raised = limit;
    raised.rlim_cur = wanted;
    raised.rlim_max = std::max<rlim_t>(limit.rlim_max, wanted);
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return raised.rlim_cur;
    raised = {limit.rlim_max, limit.rlim_max};
    return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

std::uint64_t descriptor_limit() {
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
}

std::uint64_t descriptors_for(std::uint64_t connections) {
    return kPerConnection * connections + kSpareDescriptors;
}

std::uint64_t connections_for(std::uint64_t descriptors) {
    const std::uint64_t spare = std::min(kSpareDescriptors, descriptors / 2);
    return std::max<std::uint64_t>(1, (descriptors - spare) / kPerConnection);
}

std::uint64_t available_memory() {
    const auto pages = static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_PHYS_PAGES)));
    const auto page = static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_PAGESIZE)));
    return std::min(pages * page, control_group_limit());
}

Pidfile::Pidfile(const std::string& path) : path_(path) {
    fd_.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd_) throw std::runtime_error("pidfile " + path + ": " + reason());
    struct stat there {};
    if (!is_plain(fd_, &there) || there.st_nlink != 1) {
        throw std::runtime_error("pidfile " + path + ": not a plain file of its own");
    }
    const bool is_locked = ::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0;
    if (!is_locked && is_unsupported(errno)) {
        std::cerr << "streamd: pidfile " << path << ": " << reason()
                  << ": nothing keeps a second streamd from taking it\n";
    } else if (!is_locked && errno != EWOULDBLOCK) {
        throw std::runtime_error("pidfile " + path + ": " + reason());
    } else if (!is_locked) {
        throw std::runtime_error("pidfile " + path +
                                 " is locked: streamd runs already; stop it first, or give this "
                                 "one another --pidfile");
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd_.get(), 0) != 0 ||
        ::pwrite(fd_.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
        throw std::runtime_error("pidfile " + path + ": " + reason());
    }
}

Pidfile::~Pidfile() {
    if (fd_) ::unlink(path_.c_str());  // while it is still locked: nobody else's
}

Background Background::begin() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe: " + reason());
    Fd read_end(ends[0]);
    Fd write_end(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("fork: " + reason());
    if (child > 0) {
        write_end.reset();
        char byte = 0;
        ssize_t got = 0;
        do {
            got = ::read(read_end.get(), &byte, 1);
        } while (got < 0 && errno == EINTR);
        if (got == 1) ::_exit(0);
        int status = 0;
        ::waitpid(child, &status, 0);
        ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    ::setsid();
    ::umask(027);  // recordings and log are not everybody's, whatever the caller's habits
    Background background;
    background.pipe_ = std::move(write_end);
    return background;
}

void Background::ready() {
    const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    // Until now standard error was the caller's, so that start-up errors are seen.
    for (int fd = 0; fd <= 2; ++fd) ::dup2(nothing.get(), fd);
    const char byte = 1;
    [[maybe_unused]] const auto written = ::write(pipe_.get(), &byte, 1);
    pipe_.reset();
}

namespace {

void write_whole(const Fd& fd, const std::string& path, const std::string& text) {
    if (!fd || !write_all(fd.get(), as_bytes(text))) {
        throw std::runtime_error("cannot write " + path + ": " + reason());
    }
}

}  // namespace

std::optional<int> stay_as_first_process() {
    if (::getpid() != 1) return std::nullopt;
    sigset_t signals;
    sigset_t before;
    sigemptyset(&signals);
    for (const int one : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD}) {
        sigaddset(&signals, one);
    }
    ::sigprocmask(SIG_BLOCK, &signals, &before);
    const pid_t server = ::fork();
    if (server < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (server == 0) {
        ::setpgid(0, 0);  // a terminal's Ctrl-C reaches it once, by way of its parent
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        return std::nullopt;
    }
    for (;;) {
        int signal = 0;
        if (::sigwait(&signals, &signal) != 0) continue;
        if (signal != SIGCHLD) {
            ::kill(server, signal);
            continue;
        }
        int status = 0;
        for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
            if (ended != server) continue;
            return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        }
    }
}

void replace_file(const std::string& path, const std::string& text, mode_t mode) {
    struct stat there {};
    // A terminal, a pipe, a device such as /dev/stdout: written to, never replaced.
    if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
        const Fd device(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
        if (!is_plain(device)) return write_whole(device, path, text);
    }
    // A link that somebody put there is replaced, not followed.
    const std::string temporary = path + ".tmp";
    ::unlink(temporary.c_str());
    Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    write_whole(fd, temporary, text);
    // A power cut must leave neither an empty file nor, of a pair, one alone. Where a file system
    // cannot sync, nothing can be done about it.
    ::fsync(fd.get());
    fd.reset();  // there are file systems that rename no open file
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        throw std::runtime_error("cannot write " + path + ": " + reason());
    }
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    const Fd directory(
        ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory) ::fsync(directory.get());
}

void notify_service_manager(const std::string& state) {
    const char* name = std::getenv("NOTIFY_SOCKET");
    if (name == nullptr || (name[0] != '/' && name[0] != '@')) return;
    sockaddr_un address{};
    const std::size_t length = std::strlen(name);
    if (length >= sizeof address.sun_path) return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name, length);
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // an abstract name
    const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd) return;
    [[maybe_unused]] const auto sent =
        ::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
}

}  // namespace st::streamd
