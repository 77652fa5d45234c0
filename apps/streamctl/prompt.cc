#include <fcntl.h>
#include <histedit.h>
#include <signal.h>
#include <sys/stat.h>

#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>

#include "base/fd.h"
#include "cli/exit_codes.h"
#include "script.h"

namespace st::streamctl {
namespace {

namespace fs = std::filesystem;

constexpr int kHistoryLines = 1000;

char* prompt_text(EditLine*) {
    static char text[] = "streamctl> ";
    return text;
}

/// $XDG_STATE_HOME/streamctl/history; empty if there is no home to put it in.
std::string history_path() {
    const char* state = std::getenv("XDG_STATE_HOME");
    const char* home = std::getenv("HOME");
    fs::path folder;
    if (state != nullptr && *state == '/')
        folder = state;
    else if (home != nullptr && *home == '/')
        folder = fs::path(home) / ".local/state";
    else
        return {};
    folder /= "streamctl";
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return {};
    fs::permissions(folder, fs::perms::owner_all, error);
    return folder / "history";
}

/// libedit writes the file with the permissions it finds: it must exist with ours first.
bool prepare_private(const std::string& path) {
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    return file && ::fchmod(file.get(), 0600) == 0;
}

struct EndEdit {
    void operator()(EditLine* edit) const { el_end(edit); }
};
struct EndHistory {
    void operator()(History* history) const { history_end(history); }
};

void ignore_signal(int) {}

/// Ctrl-C while a line is typed ends the line, not the program; commands get it as usual.
class TypingSignals {
 public:
    TypingSignals() {
        struct sigaction action {};
        action.sa_handler = ignore_signal;  // without SA_RESTART: the read ends
        sigaction(SIGINT, &action, &before_);
    }
    ~TypingSignals() { sigaction(SIGINT, &before_, nullptr); }
    TypingSignals(const TypingSignals&) = delete;
    TypingSignals& operator=(const TypingSignals&) = delete;

 private:
    struct sigaction before_ {};
};

}  // namespace

int run_prompt(const Options& defaults) {
    std::setlocale(LC_CTYPE, "");
    const std::unique_ptr<History, EndHistory> past(history_init());
    const std::unique_ptr<EditLine, EndEdit> edit(el_init("streamctl", stdin, stdout, stderr));
    if (!past || !edit) {
        std::cerr << "streamctl: the terminal cannot be set up\n";
        return cli::kIoFailed;
    }
    HistEvent event{};
    history(past.get(), &event, H_SETSIZE, kHistoryLines);
    history(past.get(), &event, H_SETUNIQUE, 1);
    el_set(edit.get(), EL_PROMPT, prompt_text);
    el_set(edit.get(), EL_EDITOR, "emacs");
    el_set(edit.get(), EL_HIST, history, past.get());
    el_set(edit.get(), EL_BIND, "^R", "em-inc-search-prev", nullptr);
    const std::string path = history_path();
    if (!path.empty()) history(past.get(), &event, H_LOAD, path.c_str());
    std::cout << "streamctl " ST_VERSION ": help lists the commands, exit or Ctrl-D ends.\n";
    bool leave = false;
    while (!leave) {
        std::cout.flush();
        int size = 0;
        const char* typed = nullptr;
        {
            const TypingSignals typing;
            errno = 0;
            typed = el_gets(edit.get(), &size);
        }
        if (typed == nullptr || size <= 0) {
            std::cout << std::endl;
            if (size < 0 && errno == EINTR) {
                el_reset(edit.get());
                continue;
            }
            break;
        }
        std::string line(typed, static_cast<std::size_t>(size));
        while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
        if (line.find_first_not_of(" \t") == std::string::npos) continue;
        history(past.get(), &event, H_ENTER, line.c_str());
        run_line(line, defaults, leave);
    }
    if (!path.empty() && prepare_private(path)) {
        history(past.get(), &event, H_SAVE, path.c_str());
    }
    return cli::kDone;
}

}  // namespace st::streamctl
