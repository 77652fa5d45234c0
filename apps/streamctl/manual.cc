#include "cli/exit_codes.h"
#include "streamctl/options.h"

namespace st::streamctl {
namespace {

constexpr const char* kDescription =
    R"(`streamctl` starts and stops recordings on the cameras that are connected to a `streamd`, and shows what is going on. It waits for what really happened: `start` until the cameras said that they started, `stop` until the files are finished.

Without a command it reads commands, one a line: from a prompt when it runs on a terminal, else from standard input. Words are split as a shell does, with single and double quotes and backslashes; # begins a comment. A script ends at its first error, with that error's exit status, unless `--keep-going` is given. `exit` ends it early.

Results go to standard output, messages to standard error. With `--json` the server's answer is printed as it came, on one line.

Durations are written 500ms, 10s, 2m, 1h; a bare number is seconds. Cameras are named, or picked by a pattern: * stands for any text, ? for one character, [a-c] for one of a set.)";

constexpr const char* kExamples = R"(Record all cameras for ten seconds:

    streamctl capture --duration 10s

Record two of them at a given size, as one take, until Ctrl-C:

    streamctl capture cam1 cam2 --resolution 1280x720 --take walk1 --until-interrupt

Fetch their files:

    streamctl get --take walk1 -o walk1/

All cameras for ten seconds, their files here and on one time line:

    streamctl capture --duration 10s --take walk2 --align -o walk2/

The same by hand:

    streamctl start 'cam*' --bitrate 4M --fps 30
    streamctl stop

What is there:

    streamctl cameras
    streamctl recordings --state done
    streamctl streams

Be three cameras that play a clip again and again:

    streamctl push clip.mp4 --name desk --count 3 --realtime --loop

A script:

    printf 'start\nstop\n' | streamctl --timeout 30s)";

constexpr const char* kEnvironment = R"(STREAMCTL_SERVER :: The server, if --server is not given.
STREAMCTL_TOKEN :: The access token, if the server asks for one and --token-file is not given.
XDG_STATE_HOME :: Where the history of the prompt is kept; ~/.local/state by default.)";

constexpr const char* kFiles =
    R"($XDG_STATE_HOME/streamctl/history :: What was typed at the prompt. Readable by its owner only.)";

}  // namespace

cli::Manual manual() {
    cli::Manual manual;
    manual.section = 1;
    manual.summary = "control streamd and its cameras";
    manual.description = kDescription;
    manual.parts = {
        {"EXIT STATUS",
         cli::exit_status_text(
             {cli::kDone,
              cli::kRefused,
              {cli::kDamaged,
               "Done, but bytes of a recording were damaged or messages of it are missing (`stop`, "
               "`capture`, `--align`)."},
              cli::kUsage,
              cli::kBadInput,
              cli::kNoInput,
              cli::kUnreachable,
              cli::kCannotCreate,
              cli::kIoFailed,
              cli::kNoAnswer,
              cli::kNotAuthorised,
              cli::kInterrupted})},
        {"ENVIRONMENT", kEnvironment},
        {"FILES", kFiles},
        {"EXAMPLES", kExamples},
    };
    manual.live = {{"CAMERA", "cameras"},  {"ID", "recordings"},  {"TAKE", "takes"},
                   {"TYPE", "events"},     {"KEY", "keys"},       {"STREAM", "streams"},
                   {"SOURCE", "sources"},  {"VIEWER", "viewers"}, {"COMMAND", "commands"},
                   {"MESSAGE", "messages"}};
    manual.see_also = {"h264mux(1)", "streamd(8)"};
    return manual;
}

}  // namespace st::streamctl
