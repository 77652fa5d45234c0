#pragma once
/// What the terminal can take. Main thread.
#include <string_view>

namespace st::cli {

bool is_terminal(int fd);
/// Columns of the terminal behind `fd`; 80 if it is none.
int columns(int fd);
/// Rows of it; 24 if it is none.
int rows(int fd);

/// Flushes standard output; why that failed is kept for finish_output().
void flush_output();

/// For the end of a program: flushes standard output, and returns `exit_code`, or kIoFailed, and
/// says why, if not all of it arrived. When its reader went away, the program ends by SIGPIPE.
int finish_output(std::string_view program, int exit_code);

/// A line on standard error that is rewritten in place; silent unless that is a terminal.
class Progress {
 public:
    explicit Progress(bool wanted) : shown_(wanted && is_terminal(2)) {}
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    /// Cut to the terminal's width.
    void show(std::string_view text);
    /// Removes the line, so that something else can be printed.
    void clear();

 private:
    bool shown_;
    bool on_screen_ = false;
};

}  // namespace st::cli
