#include "streamctl/commands/browser.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <optional>
#include <string_view>

#include "base/fd.h"

namespace st::streamctl {
namespace {

/// "" if it is not set.
std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

bool is_program(const std::string& path) {
    struct stat there {};
    return ::stat(path.c_str(), &there) == 0 && S_ISREG(there.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
}

/// Calls `take` with what stands between colons until it returns true.
template <class Take>
void each_of(std::string_view list, Take take) {
    while (!list.empty()) {
        const std::size_t colon = std::min(list.find(':'), list.size());
        if (colon > 0 && take(std::string(list.substr(0, colon)))) return;
        list.remove_prefix(std::min(colon + 1, list.size()));
    }
}

std::optional<std::string> find_program(const std::string& name) {
    if (name.find('/') != std::string::npos)
        return is_program(name) ? std::optional(name) : std::nullopt;
    std::optional<std::string> found;
    each_of(environment("PATH"), [&](const std::string& folder) {
        if (is_program(folder + "/" + name)) found = folder + "/" + name;
        return found.has_value();
    });
    return found;
}

std::optional<std::string> find_opener() {
    if (environment("DISPLAY").empty() && environment("WAYLAND_DISPLAY").empty())
        return std::nullopt;
    auto found = find_program("xdg-open");
    if (found) return found;
    each_of(environment("BROWSER"), [&](const std::string& name) {
        found = find_program(name);
        return found.has_value();
    });
    return found;
}

/// Where only this account may look.
std::string runtime_folder() {
    const std::string folder = environment("XDG_RUNTIME_DIR");
    struct stat there {};
    const bool is_ours = folder.starts_with('/') && ::stat(folder.c_str(), &there) == 0 &&
                         there.st_uid == ::geteuid() && (there.st_mode & 0077) == 0;
    if (is_ours) return folder;
    const std::string temporary = environment("TMPDIR");
    return temporary.starts_with('/') ? temporary : "/tmp";
}

struct Page {
    std::string folder;
    std::string file;

    void remove() const {
        ::unlink(file.c_str());
        ::rmdir(folder.c_str());
    }
};

std::optional<Page> write_page(const std::string& text) {
    Page page;
    page.folder = runtime_folder() + "/streamctl-open-XXXXXX";
    if (::mkdtemp(page.folder.data()) == nullptr) return std::nullopt;
    page.file = page.folder + "/monitor.html";
    const Fd fd(::open(page.file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()))
        return page;
    page.remove();
    return std::nullopt;
}

/// In a child: of what it inherited nothing is left that somebody could wait for, or lose.
void detach() {
    ::setsid();
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    const int null = ::open("/dev/null", O_RDWR);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, fd);
    ::close_range(3, ~0U, 0);
    if (::chdir("/") != 0) ::_exit(1);
}

/// In the child: runs the opener, and removes the page when it has had its time.
[[noreturn]] void show(const char* opener, const Page& page, std::chrono::seconds lifetime) {
    detach();
    if (::fork() == 0) {
        ::execl(opener, opener, page.file.c_str(), nullptr);
        ::_exit(127);
    }
    timespec left{static_cast<time_t>(lifetime.count()), 0};
    while (::nanosleep(&left, &left) != 0 && errno == EINTR) continue;
    page.remove();
    ::_exit(0);
}

}  // namespace

std::string page_to(const std::string& url) {
    std::string escaped;
    for (const char c : url) {
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            default:
                escaped += c;
        }
    }
    // The history gets no entry for it, and the server no word of it.
    return "<!doctype html>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"referrer\" content=\"no-referrer\">\n<title>streamd</title>\n"
           "<a id=\"to\" href=\"" +
           escaped +
           "\">The monitor of streamd</a>\n"
           "<script>location.replace(document.getElementById(\"to\").href)</script>\n";
}

bool open_in_browser(const std::string& url, std::chrono::seconds lifetime) {
    const auto opener = find_opener();
    if (!opener) return false;
    const auto page = write_page(page_to(url));
    if (!page) return false;
    // A child of a child: nobody waits for it.
    const pid_t child = ::fork();
    if (child == 0) {
        if (::fork() == 0) show(opener->c_str(), *page, lifetime);
        ::_exit(0);
    }
    if (child < 0) {
        page->remove();
        return false;
    }
    ::waitpid(child, nullptr, 0);
    return true;
}

}  // namespace st::streamctl
