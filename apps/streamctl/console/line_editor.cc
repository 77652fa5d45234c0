#include "streamctl/console/line_editor.h"

#include <fcntl.h>
#include <langinfo.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <clocale>
#include <cstring>
#include <cwchar>
#include <stdexcept>

#include "base/fd_io.h"
#include "cli/terminal.h"
#include "streamctl/console/table.h"

namespace st::streamctl {
namespace {

constexpr char kEndOfFile = '\x04';  // Ctrl-D

/// libedit writes the file with the permissions it finds: it must exist with ours first.
bool prepare_private(const std::string& path) {
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    return file && ::fchmod(file.get(), 0600) == 0;
}

void say(std::string_view text) { write_all(STDOUT_FILENO, as_bytes(text)); }

/// Where the cursor is after printing, as libedit prints: ^X for control characters.
struct Place {
    int columns;
    int row = 0;
    int column = 0;

    void put(wchar_t c) {
        if (c == L'\n') {
            ++row;
            column = 0;
            return;
        }
        const int width = c == L'\t' ? 8 - column % 8 : ::wcwidth(c) >= 0 ? ::wcwidth(c) : 2;
        if (column + width > columns) {
            ++row;
            column = 0;
        }
        column += width;
        if (column >= columns) {  // libedit goes to the next row at once
            ++row;
            column = 0;
        }
    }
};

}  // namespace

LineEditor::LineEditor(Hooks hooks, Interrupt& interrupt, std::string history_path)
    : hooks_(std::move(hooks)),
      interrupt_(interrupt),
      history_path_(std::move(history_path)),
      past_(history_init()),
      edit_(el_init("streamctl", stdin, stdout, stderr)) {
    if (!past_ || !edit_) throw std::runtime_error("the terminal cannot be set up");
    std::setlocale(LC_CTYPE, "");
    // Names and paths are UTF-8, whatever the language of the messages.
    if (std::strcmp(::nl_langinfo(CODESET), "UTF-8") != 0) std::setlocale(LC_CTYPE, "C.UTF-8");
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
    resized_ = Fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
    HistEvent event{};
    history(past_.get(), &event, H_SETSIZE, kHistoryLines);
    history(past_.get(), &event, H_SETUNIQUE, 1);
    if (!history_path_.empty()) history(past_.get(), &event, H_LOAD, history_path_.c_str());
    EditLine* edit = edit_.get();
    el_set(edit, EL_CLIENTDATA, this);
    el_set(edit, EL_PROMPT, &LineEditor::prompt_text);
    el_set(edit, EL_EDITOR, "emacs");
    el_set(edit, EL_HIST, history, past_.get());
    el_set(edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    // Up and Down go through the lines that begin with what is typed.
    for (const char* up : {"\033[A", "\033OA"}) {
        el_set(edit, EL_BIND, up, "ed-search-prev-history", nullptr);
    }
    for (const char* down : {"\033[B", "\033OB"}) {
        el_set(edit, EL_BIND, down, "ed-search-next-history", nullptr);
    }
    el_wset(edit, EL_ADDFN, L"st-complete", L"Complete the word", &LineEditor::complete);
    el_set(edit, EL_BIND, "^I", "st-complete", nullptr);
    int (*const get)(EditLine*, wchar_t*) = &LineEditor::get_char;
    el_wset(edit, EL_GETCFN, get);
}

LineEditor::~LineEditor() {
    save_history();
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void LineEditor::save_history() {
    if (history_path_.empty() || !prepare_private(history_path_)) return;
    HistEvent event{};
    history(past_.get(), &event, H_SAVE, history_path_.c_str());
}

LineEditor& LineEditor::of(EditLine* edit) {
    void* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    return *static_cast<LineEditor*>(self);
}

char* LineEditor::prompt_text(EditLine* edit) {
    LineEditor& self = of(edit);
    self.prompt_ = self.hooks_.prompt();
    return self.prompt_.data();
}

int LineEditor::get_char(EditLine* edit, wchar_t* into) { return of(edit).read_char(*into); }

unsigned char LineEditor::complete(EditLine* edit, int) { return of(edit).complete_word(); }

int LineEditor::read_char(wchar_t& into) {
    for (;;) {
        if (interrupted_) return -1;
        std::array<pollfd, 4> fds{
            pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{interrupt_.fd(), POLLIN, 0},
            pollfd{resized_.get(), POLLIN, 0}, pollfd{hooks_.fd(), POLLIN, 0}};
        const int ready = ::poll(fds.data(), fds.size(), hooks_.patience_ms());
        if (ready < 0 && errno != EINTR) return -1;
        if (ready < 0) continue;
        if (fds[1].revents != 0 && interrupt_.take()) {
            interrupted_ = true;
            continue;
        }
        if (fds[2].revents != 0) {
            signalfd_siginfo signal{};
            while (::read(resized_.get(), &signal, sizeof signal) == sizeof signal) {
            }
            el_resize(edit_.get());
            redraw();
        }
        if (ready == 0 || fds[3].revents != 0) hooks_.on_news();
        if (fds[0].revents == 0) continue;
        char byte = 0;
        const ssize_t got = ::read(STDIN_FILENO, &byte, 1);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) return 0;
        // A Ctrl-D typed before the terminal hands over single keys comes out as this.
        if (byte == '\0') byte = kEndOfFile;
        const std::size_t used = std::mbrtowc(&into, &byte, 1, &decoding_);
        if (used == static_cast<std::size_t>(-2)) continue;  // more of it is to come
        if (used == static_cast<std::size_t>(-1)) {
            decoding_ = {};
            continue;
        }
        return 1;
    }
}

int LineEditor::rows_above_cursor() const {
    Place place{cli::columns(STDOUT_FILENO)};
    for (const char c : prompt_) place.put(static_cast<unsigned char>(c));  // ASCII, ours
    const LineInfoW* line = el_wline(edit_.get());
    for (const wchar_t* at = line->buffer; at < line->cursor; ++at) place.put(*at);
    return place.row;
}

void LineEditor::print_above(std::string_view text) {
    if (!reading_) {
        say(text);
        return;
    }
    const int rows = rows_above_cursor();
    std::string out = rows > 0 ? "\033[" + std::to_string(rows) + "A" : "";
    out += "\r\033[J";
    for (const char c : text) out += c == '\n' ? std::string("\r\n") : std::string(1, c);
    say(out);
    el_set(edit_.get(), EL_REFRESH);
}

unsigned char LineEditor::complete_word() {
    const LineInfo* line = el_line(edit_.get());
    const std::string before(line->buffer, static_cast<std::size_t>(line->cursor - line->buffer));
    Candidates found = hooks_.complete(before);
    std::sort(found.words.begin(), found.words.end());
    found.words.erase(std::unique(found.words.begin(), found.words.end()), found.words.end());
    std::erase_if(found.words,
                  [&](const std::string& word) { return !word.starts_with(found.word); });
    if (found.words.empty()) return CC_REFRESH_BEEP;
    std::string common = found.words.front();
    for (const std::string& word : found.words) {
        const auto end = std::mismatch(common.begin(), common.end(), word.begin(), word.end());
        common.erase(end.first, common.end());
    }
    std::string more = common.substr(found.word.size());
    if (found.words.size() == 1 && !found.words.front().ends_with('/')) more += ' ';
    if (!more.empty()) return el_insertstr(edit_.get(), more.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    constexpr std::size_t kUnaskedMax = 100;
    if (found.words.size() > kUnaskedMax && !is_wanted(found.words.size())) {
        redraw();
        return CC_NORM;
    }
    print_above(in_columns(found.words, static_cast<std::size_t>(cli::columns(STDOUT_FILENO))));
    return CC_NORM;
}

bool LineEditor::is_wanted(std::size_t count) {
    say("\r\nShow all " + std::to_string(count) + "? [y/N] ");
    wchar_t key = 0;
    const bool wanted = read_char(key) > 0 && (key == L'y' || key == L'Y');
    say("\r\n");
    return wanted;
}

LineEditor::Ended LineEditor::read(std::string& line) {
    line.clear();
    interrupted_ = false;
    reading_ = true;
    int size = 0;
    const char* typed = el_gets(edit_.get(), &size);
    reading_ = false;
    if (interrupted_) {
        say("\n");
        el_reset(edit_.get());
        return interrupt_.ends_program() ? Ended::end : Ended::interrupted;
    }
    if (typed == nullptr || size <= 0) {
        say("\n");
        return Ended::end;
    }
    line.assign(typed, static_cast<std::size_t>(size));
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    if (line.find_first_not_of(" \t") != std::string::npos) {
        HistEvent event{};
        history(past_.get(), &event, H_ENTER, line.c_str());
        save_history();
    }
    return Ended::line;
}

}  // namespace st::streamctl
