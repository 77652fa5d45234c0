#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace st::cli {
namespace {

void write_all(const std::string& text) {
    // Progress is decoration: a terminal that went away is not an error.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

bool may_colour(int fd) {
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    const bool refused = no_color != nullptr && *no_color != '\0';
    return !refused && term != nullptr && std::string_view(term) != "dumb" && is_terminal(fd);
}

int columns(int fd) {
    winsize size{};
    return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
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
