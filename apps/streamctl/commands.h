#pragma once
/// The commands: each asks the server, prints, and returns the exit code. Results go to stdout,
/// messages to stderr. Throws Failed when there was no answer, or a refusal.
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/exit_codes.h"
#include "door.h"
#include "options.h"

namespace st::streamctl {

/// Where a command talks to.
class Talk {
 public:
    explicit Talk(const Options& options) : quiet_(options.quiet), json_(options.json) {}

    bool json() const { return json_; }
    bool quiet() const { return quiet_; }
    /// A result, for stdout.
    void result(std::string_view line) { std::cout << line << '\n'; }
    /// The server's answer as it is, with --json.
    void body(std::string_view body);
    /// A note for people; not when quiet.
    void note(std::string_view line) {
        if (!quiet_) std::cerr << "streamctl: " << line << std::endl;
    }
    /// What went wrong.
    void trouble(std::string_view line) { std::cerr << "streamctl: " << line << std::endl; }

 private:
    bool quiet_;
    bool json_;
};

/// What a reply's body says; throws Failed if it is not what the operation answers.
template <class T>
T understood(control::Decoded<T> decoded) {
    if (decoded) return std::move(*decoded);
    throw Failed(cli::kRefused,
                 "the server's answer cannot be understood: " + decoded.error().message);
}

int run_start(const Options& options, Door& door, Talk& talk);
int run_stop(const Options& options, Door& door, Talk& talk);
int run_capture(const Options& options, Door& door, Interrupt& interrupt, Talk& talk);
int run_events(const Options& options, Door& door, Talk& talk);
int run_wait(const Options& options, Door& door, Talk& talk);
int run_get(const Options& options, Door& door, Interrupt& interrupt, Talk& talk);
/// Names for a shell's completion, one a line; nothing at all if the server cannot be asked.
int run_complete(const Options& options, Interrupt& interrupt, Talk& talk);
int run_cameras(const Options& options, Door& door, Talk& talk);
int run_kick(const Options& options, Door& door, Talk& talk);
int run_status(const Options& options, Door& door, Talk& talk);
int run_config(const Options& options, Door& door, Talk& talk);
int run_reload(const Options& options, Door& door, Talk& talk);
/// Commands about live streams; nullopt: it is none of them.
std::optional<int> run_live(const Options& options, Door& door, Talk& talk);
/// All that the query asks for, page by page, each a JSON object.
std::vector<std::string> all_recordings(Door& door, control::RecordingQuery query);
int run_recordings(const Options& options, Door& door, Talk& talk);
int run_delete(const Options& options, Door& door, Talk& talk);

/// Prints what became of each camera; false if it was not all well.
bool report(const control::StartReply& reply, Talk& talk);
bool report(const control::StopReply& reply, Talk& talk, bool prints_paths);
/// The exit status where nothing worse happened: whether all of it was recorded.
int losses_code(const std::vector<control::StopResult>& results);

/// Where `options` say the server is, and whom to believe that it is the one. Throws Failed.
ServerUrl find_server(const Options& options);
/// The same with its token. Throws Failed.
Door make_door(const Options& options, Interrupt& interrupt);

/// One command, whatever it is, with its failures said: the exit code.
int run_command(const Options& options);

}  // namespace st::streamctl
