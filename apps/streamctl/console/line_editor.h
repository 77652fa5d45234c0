#pragma once
/// One line typed at a terminal, by libedit, while other things happen: text can be printed above
/// it at any time. Main thread.
#include <histedit.h>
#include <poll.h>
#include <wchar.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "streamctl/client/interrupt.h"

namespace st::streamctl {

/// Candidates for the word that ends at the cursor.
struct Candidates {
    std::string word;  ///< what is typed of it
    std::vector<std::string> words;
};

class LineEditor {
 public:
    static constexpr int kHistoryLines = 1000;

    struct Hooks {
        /// Shown before the line.
        std::function<std::string()> prompt;
        /// A descriptor to wait for besides the keyboard; -1: none.
        std::function<int()> fd;
        /// How long to wait at most, in milliseconds; -1: no limit.
        std::function<int()> patience_ms;
        /// The descriptor is ready, or the time is up. May call print_above().
        std::function<void()> on_news;
        /// `line`: what stands before the cursor.
        std::function<Candidates(const std::string& line)> complete;
    };

    /// Takes over the terminal while it reads. `history_path` "" keeps none. Throws
    /// std::runtime_error if there is no terminal to set up.
    LineEditor(Hooks hooks, Interrupt& interrupt, std::string history_path);
    ~LineEditor();
    LineEditor(const LineEditor&) = delete;
    LineEditor& operator=(const LineEditor&) = delete;

    /// interrupted: by Ctrl-C; end: Ctrl-D, or a signal that ends a program.
    enum class Ended { line, interrupted, end };
    /// The next line, without its end; it goes into the history unless blank.
    Ended read(std::string& line);

    /// Prints lines, then the prompt and what is typed again below them.
    void print_above(std::string_view text);
    /// A line is being typed.
    bool is_reading() const { return reading_; }
    /// A hook has taken a signal that was meant for the line: read() ends as if it had taken it.
    void interrupt() { interrupted_ = reading_; }
    /// The prompt says something else now.
    void redraw() { print_above({}); }

 private:
    struct EndEdit {
        void operator()(EditLine* edit) const { el_end(edit); }
    };
    struct EndHistory {
        void operator()(History* history) const { history_end(history); }
    };

    static LineEditor& of(EditLine* edit);
    static char* prompt_text(EditLine* edit);
    static int get_char(EditLine* edit, wchar_t* into);
    static unsigned char complete(EditLine* edit, int key);

    int read_char(wchar_t& into);
    unsigned char complete_word();
    /// Asks whether to list so many candidates; one key is the answer.
    bool is_wanted(std::size_t count);
    /// Rows above the one the cursor is in that the prompt and the line take.
    int rows_above_cursor() const;
    void save_history();

    Hooks hooks_;
    Interrupt& interrupt_;
    const std::string history_path_;
    Fd resized_;  ///< SIGWINCH
    sigset_t before_{};
    std::unique_ptr<History, EndHistory> past_;
    std::unique_ptr<EditLine, EndEdit> edit_;
    std::string prompt_;  ///< as on the screen
    mbstate_t decoding_{};
    bool reading_ = false;
    bool interrupted_ = false;
};

}  // namespace st::streamctl
