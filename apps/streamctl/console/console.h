#pragma once
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "streamctl/console/status_block.h"
#include "streamctl/options.h"

namespace st::streamctl {

/// What a command says: results to stdout, messages to stderr.
class Console {
 public:
    /// `options` outlive it.
    explicit Console(const Options& options);
    ~Console() { erase_status(); }
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

    bool json() const { return json_; }
    bool quiet() const { return quiet_; }
    /// A result, for stdout: one line, without what would move the cursor.
    void result(std::string_view line);
    /// "name: value", as a result.
    void field(const std::string& name, const std::string& value) { result(name + ": " + value); }
    /// The path of a file of this machine; as it is where a program reads it.
    void path(const std::string& path);
    /// Lines that were made here.
    void drawing(std::string_view lines) { print(lines); }
    /// The path of a recording's file on the server: as it is if it can be read here, else with
    /// "server:" before it.
    void server_file(const std::string& there, const std::string& recording);
    /// After those: how to have the files that cannot be read here.
    void say_how_to_fetch();
    /// A file that was made here: its path, with --json {"path","bytes"}.
    void file(const std::string& made, std::uint64_t bytes);
    /// JSON as it is: the server's answer, with --json.
    void body(std::string_view body);
    /// An answer that says no more than that it is done: `what` says it to people. Returns the
    /// exit code.
    int done(std::string_view answer, std::string_view what);
    /// A note for people; not when quiet.
    void note(std::string_view line) {
        if (!quiet_) say(line);
    }
    /// What went wrong.
    void trouble(std::string_view line) { say(line); }
    /// Lines that stand below all messages and are rewritten in place, cut to the terminal
    /// (status_block); none: takes them away. Only on a terminal that can do it, and not when
    /// quiet.
    void show_status(std::vector<StatusLine> cameras, std::string footer = {});
    bool shows_status() const { return shows_status_; }

 private:
    /// A path of another machine may name something here as well.
    bool is_server_here();
    void print(std::string_view text);
    void say(std::string_view line);
    void erase_status();
    void draw_status();

    const Options& options_;
    std::optional<bool> is_server_here_;
    std::vector<std::string> out_of_reach_;  ///< recordings whose files cannot be read here
    bool quiet_;
    bool json_;
    bool shows_status_;
    std::vector<StatusLine> status_;
    std::string footer_;     ///< below status_
    std::size_t drawn_ = 0;  ///< lines that are on the screen
};

}  // namespace st::streamctl
