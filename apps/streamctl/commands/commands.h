#pragma once
/// The commands: each asks the server, prints, and returns the exit code. Results go to stdout,
/// messages to stderr. Throws Failed when there was no answer, or a refusal.
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/exit_codes.h"
#include "streamctl/client/api_client.h"
#include "streamctl/console/console.h"
#include "streamctl/options.h"

namespace st::streamctl {

/// What a reply's body says; throws Failed if it is not what the operation answers.
template <class T>
T understood(control::Decoded<T> decoded) {
    if (decoded) return std::move(*decoded);
    throw Failed(cli::kRefused,
                 "the server's answer cannot be understood: " + decoded.error().message);
}

/// All pages of a list that the server gives page by page, as one.
control::List whole_list(ApiClient& client, std::string_view method, json::Object params);

int run_start(const Options& options, ApiClient& client, Console& console);
int run_stop(const Options& options, ApiClient& client, Console& console);
int run_preview(const Options& options, ApiClient& client, Console& console);
int run_capture(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console);
int run_events(const Options& options, ApiClient& client, Console& console);
int run_wait(const Options& options, ApiClient& client, Console& console);
int run_get(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console);
/// Names for a shell's completion, one a line; nothing at all if the server cannot be asked.
int run_complete(const Options& options, Interrupt& interrupt, Console& console);
int run_cameras(const Options& options, ApiClient& client, Console& console);
int run_rename(const Options& options, ApiClient& client, Console& console);
int run_kick(const Options& options, ApiClient& client, Console& console);
int run_status(const Options& options, ApiClient& client, Console& console);
int run_config(const Options& options, ApiClient& client, Console& console);
int run_reload(const Options& options, ApiClient& client, Console& console);
int run_open(const Options& options, ApiClient& client, Console& console);
int run_qr(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console);
int run_token(const Options& options, ApiClient& client, Console& console);
int run_sign(const Options& options, ApiClient& client, Console& console);
int run_hooks(const Options& options, ApiClient& client, Console& console);
/// Commands about live streams; nullopt: it is none of them.
std::optional<int> run_live(const Options& options, ApiClient& client, Console& console);
/// record start, stop and list.
int run_record(const Options& options, ApiClient& client, Console& console);
int run_recordings(const Options& options, ApiClient& client, Console& console);
/// Everything about one.
int run_recording(const std::string& id, ApiClient& client, Console& console);
int run_takes(const Options& options, ApiClient& client, Console& console);
/// take run, show and delete.
int run_take(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console);
/// Spans of what is stored, one of them as a file, the picture of a moment.
int run_archive(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console);
int run_picture(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console);
int run_keep(const Options& options, ApiClient& client, Console& console);
int run_delete(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console);

/// Prints what became of each camera; false if it was not all well.
bool report(const control::StartReply& reply, Console& console);
bool report(const control::StopReply& reply, Console& console, bool prints_paths);
/// The exit status where nothing worse happened: whether all of it was recorded.
int losses_code(const std::vector<control::StopResult>& results);

/// Where `options` say the server is, and whom to believe that it is the one. Throws Failed.
ServerUrl find_server(const Options& options);
/// The same with its token. `options` outlive it. Throws Failed.
ApiClient make_client(const Options& options, Interrupt& interrupt);

/// One command, whatever it is, with its failures said: the exit code. `shared`: the signals of the
/// script or the prompt that it is a line of; null: it is the whole program.
int run_command(const Options& options, Interrupt* shared = nullptr);
/// Calls `run` and says what it throws, as run_command() does. Returns the exit code.
int say_failures(const Options& options, const std::function<int(Console&)>& run);

/// What main() is: `run`, and a word about what comes out of it.
int run_program(int (*run)(int, char**), int argc, char** argv);

/// From --token-file, else from the environment; never from argv, where everybody could read it.
std::string read_token(const Options& options, const ServerUrl& server);

/// Becomes the program behind push (libexec/streamd/streamctl-push), which links what this one does
/// without; for a line of a script or of the prompt (`shared` as for run_command) it runs that and
/// waits. Throws Failed.
int run_push(const Options& options, Interrupt* shared);

}  // namespace st::streamctl
