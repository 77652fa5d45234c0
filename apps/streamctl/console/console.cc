#include "streamctl/console/console.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/text.h"
#include "cli/exit_codes.h"
#include "cli/terminal.h"
#include "json/write.h"
#include "streamctl/client/local_server.h"
#include "streamctl/recordings/fetch_line.h"

namespace st::streamctl {
namespace {

bool can_move_the_cursor() {
    const char* kind = std::getenv("TERM");
    return cli::is_terminal(STDERR_FILENO) && kind != nullptr && kind[0] != '\0' &&
           std::string_view(kind) != "dumb";
}

/// The first characters that fit; the last column stays free, where terminals differ.
std::string cut(std::string_view line, int columns) {
    std::string text;
    for (int used = 1; used < columns && !line.empty(); ++used) {
        const Character next = take_character(line);
        if (!is_unsafe(next.value)) text += next.bytes;
    }
    return text;
}

/// What is said may come from a server that nobody knows.
std::string on_one_line(std::string_view text) { return clean_text(text, std::string::npos); }

}  // namespace

Console::Console(const Options& options)
    : options_(options),
      quiet_(options.quiet),
      json_(options.json),
      shows_status_(!options.quiet && can_move_the_cursor()) {}

void Console::result(std::string_view line) { print(on_one_line(line)); }

void Console::path(const std::string& path) {
    cli::is_terminal(STDOUT_FILENO) ? result(path) : print(path);
}

void Console::print(std::string_view text) {
    erase_status();
    std::cout << text << '\n';
    if (status_.empty() && footer_.empty()) return;
    std::cout.flush();  // it may be the same terminal
    draw_status();
}

void Console::say(std::string_view line) {
    erase_status();
    std::cerr << "streamctl: " << on_one_line(line) << std::endl;
    draw_status();
}

void Console::show_status(std::vector<StatusLine> cameras, std::string footer) {
    if (!shows_status_) return;
    erase_status();
    status_ = std::move(cameras);
    footer_ = std::move(footer);
    draw_status();
}

void Console::erase_status() {
    if (drawn_ == 0) return;
    std::cerr << "\x1b[" << std::exchange(drawn_, 0) << "F\x1b[J" << std::flush;
}

void Console::draw_status() {
    // The last message and the cursor keep a row each: what scrolls off cannot be erased.
    const auto room = static_cast<std::size_t>(std::max(3, cli::rows(STDERR_FILENO) - 2));
    const auto lines = status_block(status_, footer_, room);
    if (lines.empty()) return;
    for (const std::string& line : lines) {
        std::cerr << cut(line, cli::columns(STDERR_FILENO)) << '\n';
    }
    std::cerr << std::flush;
    drawn_ = lines.size();
}

void Console::body(std::string_view body) {
    std::string line(body);
    for (char& c : line) {
        if (c == '\n' || c == '\r') c = ' ';  // JSON has no line break that means anything
    }
    line.erase(line.find_last_not_of(' ') + 1);
    print(line);
}

int Console::done(std::string_view answer, std::string_view what) {
    if (json_) body(answer);
    note(what);
    return cli::kDone;
}

void Console::file(const std::string& made, std::uint64_t bytes) {
    if (!json_) return path(made);
    json::Object object;
    object.set("path", made);
    object.set("bytes", bytes);
    body(json::write(object));
}

bool Console::is_server_here() {
    if (!is_server_here_) {
        const auto server = options_.server.empty() ? Result<ServerUrl>(local_server())
                                                    : parse_server_url(options_.server);
        is_server_here_ = server && is_of_this_machine(*server);
    }
    return *is_server_here_;
}

void Console::server_file(const std::string& there, const std::string& recording) {
    if (is_server_here() && ::access(there.c_str(), R_OK) == 0) return path(there);
    result("server:" + there);
    if (std::ranges::find(out_of_reach_, recording) == out_of_reach_.end()) {
        out_of_reach_.push_back(recording);
    }
}

void Console::say_how_to_fetch() {
    if (out_of_reach_.empty()) return;
    std::cout.flush();
    note("these files are on the server; to fetch them: " + fetch_line(options_, out_of_reach_));
    out_of_reach_.clear();
}

}  // namespace st::streamctl
