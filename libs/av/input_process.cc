#include "av/input_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

extern "C" {
#include <libavutil/log.h>
}

#include "av/relay.h"
#include "base/process_tree.h"

namespace st::av {
namespace {

/// A picture of 8192 x 8192 in the decoder's and the encoder's buffers fits.
constexpr std::uint64_t kAddressBytes = std::uint64_t{6} << 30;
constexpr std::uint64_t kDescriptors = 256;
constexpr std::size_t kWordsBytesMax = 1024 * 1024;
constexpr int kCannotStart = 127;
constexpr int kCannotExecute = 126;  ///< a shell's word for it

void on_orphaned(int) { ::kill(0, SIGKILL); }

void handle(int signal, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    ::sigaction(signal, &action, nullptr);
}

/// What the program blocks and ignores as a server is not for us, nor for the command.
void take_default_signals() {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    handle(SIGXFSZ, SIG_DFL);
}

/// Should our parent die, the whole group does. The pipe to it is closed before the kernel tells us
/// that it died: whoever writes just then must not be gone without the group.
void die_with_parent() {
    const pid_t parent = ::getppid();
    handle(SIGPIPE, on_orphaned);
    handle(SIGUSR1, on_orphaned);
    ::prctl(PR_SET_PDEATHSIG, SIGUSR1);
    if (::getppid() != parent) on_orphaned(0);
}

[[noreturn]] void become(const std::vector<std::string>& argv, int output) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (const int signal : {SIGUSR1, SIGPIPE}) handle(signal, SIG_DFL);
    ::dup2(output, 1);
    std::vector<char*> arguments;
    arguments.reserve(argv.size() + 1);
    for (const std::string& text : argv) arguments.push_back(const_cast<char*>(text.c_str()));
    arguments.push_back(nullptr);
    ::execvp(arguments[0], arguments.data());
    std::fprintf(stderr, "cannot run %s: %s\n", arguments[0], std::strerror(errno));
    ::_exit(kCannotStart);
}

sigset_t sigterm() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    return signals;
}

/// SIGTERM has come: blocked, it waits.
bool is_told_to_end() {
    sigset_t waiting;
    sigemptyset(&waiting);
    ::sigpending(&waiting);
    return sigismember(&waiting, SIGTERM) == 1;
}

/// Starts the command; its standard output becomes our standard input.
pid_t start_command(const std::vector<std::string>& argv) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Error("no pipe for the command");
    const pid_t child = ::fork();
    if (child < 0) throw Error(std::string("fork: ") + std::strerror(errno));
    if (child == 0) become(argv, ends[1]);
    ::close(ends[1]);
    ::dup2(ends[0], 0);
    ::close(ends[0]);
    // The command gets the group's signals as well; when it goes, our input ends.
    const sigset_t told = sigterm();
    ::sigprocmask(SIG_BLOCK, &told, nullptr);
    return child;
}

void limit(__rlimit_resource_t resource, std::uint64_t value) {
    const rlimit both{value, value};
    ::setrlimit(resource, &both);
}

void limit_myself() {
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_NOFILE, kDescriptors);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    limit(RLIMIT_AS, kAddressBytes);  // a sanitizer's shadow memory alone is larger
#endif
}

/// What became of the command.
struct Fate {
    std::string words;  ///< empty: it ended well, or goes on
    int signal = 0;     ///< that killed it
    bool is_missing = false;
};

Fate fate_of(pid_t command) {
    int status = 0;
    // Its output has ended; itself may take a moment, and what it needs if it was told to end: our
    // parent kills the group in time.
    for (int tries = 0; tries < 100 || is_told_to_end(); ++tries) {
        const pid_t got = ::waitpid(command, &status, WNOHANG);
        if (got == command) {
            if (WIFSIGNALED(status)) {
                const int signal = WTERMSIG(status);
                return {std::string("the command was killed by ") + ::strsignal(signal), signal};
            }
            const int code = WEXITSTATUS(status);
            if (code == 0) return {};
            return {"the command ended with exit code " + std::to_string(code), 0,
                    code == kCannotStart || code == kCannotExecute};
        }
        ::usleep(10'000);
    }
    return {};
}

/// As the command ended, so that whoever watches this process can tell a crash of it from an input
/// that is not there.
int end_as(const Fate& fate) {
    if (fate.is_missing) return kCannotStart;
    if (fate.signal == 0) return 1;
    handle(fate.signal, SIG_DFL);
    ::raise(fate.signal);
    return 1;
}

int relay_input(const std::vector<std::string>& arguments) {
    take_default_signals();
    av_log_set_level(AV_LOG_ERROR);  // more than an Error says, and it goes to the server's log
    die_with_parent();
    pid_t command = 0;
    std::string failure;
    Fate fate;
    try {
        SourceUrl source{"", "pipe:0"};
        if (arguments.at(0) == "command") {
            command = start_command({arguments.begin() + 1, arguments.end()});
        } else {
            source = parse_source_url(arguments.at(1));
        }
        limit_myself();
        relay(source, STDOUT_FILENO);
    } catch (const std::exception& error) {
        failure = error.what();
    }
    if (command > 0) {
        ::close(0);
        fate = fate_of(command);
        // Killed because nobody reads it any more: what ended the reading is the reason.
        if (fate.signal == SIGPIPE && !failure.empty()) fate = {};
        if (!fate.words.empty()) failure = fate.words;
        send_signal(escaped_from(::getpid()), SIGKILL);  // our parent kills the group
    }
    if (failure.empty()) return 0;
    // The prefix tells it from what the command and libav said; a line of theirs may be unfinished.
    std::fprintf(stderr, "\nstreamd-media: %s\n", failure.c_str());
    return end_as(fate);
}

/// What standard input says; nothing is left of it to whatever is started later.
std::vector<std::string> read_words() {
    std::string text;
    std::array<char, 4096> piece{};
    while (text.size() <= kWordsBytesMax) {
        const ssize_t got = ::read(0, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        text.append(piece.data(), static_cast<std::size_t>(got));
    }
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0) ::dup2(nothing, 0);
    if (nothing > 0) ::close(nothing);
    std::vector<std::string> words;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find('\0', begin), text.size());
        words.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return words;
}

}  // namespace

std::optional<int> run_input() {
    const std::vector<std::string> words = read_words();
    const bool is_command = words.size() >= 2 && words[0] == "command";
    const bool is_url = words.size() == 2 && words[0] == "url";
    if (!is_command && !is_url) return std::nullopt;
    return relay_input(words);
}

}  // namespace st::av
