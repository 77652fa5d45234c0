#include "cli/exit_codes.h"
#include "streamctl/options.h"

namespace st::streamctl {
namespace {

constexpr const char* kDescription =
    R"(`streamctl` starts and stops recordings on the cameras that are connected to a `streamd`, and shows what is going on. It waits for what really happened: `start` until the cameras have said that they started, `stop` until the files are finished.

Without a command it reads commands, one a line: from a prompt when it runs on a terminal, else from standard input. Words are split as a shell does, with single and double quotes and backslashes; # begins a comment. A script ends at its first error, with that error's exit status, unless `--keep-going` is given. `exit` ends it early.

At the prompt, Tab completes commands, options, cameras, recordings, takes and files. What happens on the server is printed above the line being typed; `events off` and `events on` switch that. A line that begins with ! is a command of the shell. Ctrl-C drops the line or ends the command, Ctrl-D leaves.

Results go to standard output, messages to standard error. With `--json` the server's answer is printed as it came, on one line.

Durations are written 500ms, 10s, 2m, 1h, 7d, 2w; a bare number is seconds. Cameras are named, or picked by a pattern: * stands for any text, ? for one character, [a-c] for one of a set.)";

constexpr const char* kExamples =
    R"(No camera at hand? Be six of them, each with a moving picture and a clock in it, until Ctrl-C:

    streamctl push test: --name try --count 6

Record all cameras for ten seconds:

    streamctl capture --duration 10s

Record two of them at a given size, as one take, until Ctrl-C:

    streamctl capture cam1 cam2 --resolution 1280x720 --take walk1 --until-interrupt

See what a camera sees before it records, and then record; a recording begins without a break in the stream:

    streamctl preview
    streamctl snapshot cam1 -o cam1.jpg
    streamctl capture --duration 10s --take walk2

A take of six cameras, all of which must be there; the recording of one that drops out goes on when it is back:

    streamctl take run walk3 cam1 cam2 cam3 cam4 cam5 cam6 --duration 10s
    streamctl take show walk3

Find the takes of yesterday evening, look at one, and fetch its files:

    streamctl takes --since 'yesterday 18:00' --until today
    streamctl recordings --take walk1
    streamctl get --take walk1 -o walk1/

Delete what is older than a week, after a look at what that is; what is kept stays:

    streamctl recordings keep --take walk1
    streamctl recordings delete --older-than 7d --dry-run
    streamctl recordings delete --older-than 7d

All cameras for ten seconds, their files here and on one time line:

    streamctl capture --duration 10s --take walk4 --align -o walk4/

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
DISPLAY, WAYLAND_DISPLAY :: Whether there is a desktop on which open can open the monitor.
BROWSER :: What opens it if there is no xdg-open: programs, with colons between them.
XDG_RUNTIME_DIR :: Where the file lies that the browser is given for that.
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
              {cli::kRefused,
               "The server or a camera refused or failed, a camera did not answer in time, or the "
               "verdict of `take run` is `failed`."},
              {cli::kDamaged,
               "Done, but bytes of a recording were damaged, messages of it are missing, or a "
               "camera was away meanwhile (`start --follow`, `stop`, `capture`, `--align`); there "
               "is something to look at (`take run`, `sync-check`); a recording without pictures "
               "was left out (`export`); or the server gave the recording up (`push --resume`)."},
              cli::kUsage,
              cli::kBadInput,
              cli::kNoInput,
              cli::kUnreachable,
              cli::kCannotCreate,
              cli::kIoFailed,
              {cli::kNoAnswer,
               "The server gave no answer in time, or `events` or `wait` ended by `--timeout`."},
              cli::kNotAuthorised,
              cli::kInterrupted})},
        {"ENVIRONMENT", kEnvironment},
        {"FILES", kFiles},
        {"EXAMPLES", kExamples},
    };
    manual.live = {{"CAMERA", "cameras"},   {"ID", "recordings"},  {"TAKE", "takes"},
                   {"TYPE", "events"},      {"KEY", "keys"},       {"STREAM", "streams"},
                   {"SOURCE", "sources"},   {"VIEWER", "viewers"}, {"COMMAND", "commands"},
                   {"MESSAGE", "messages"}, {"TOKEN", "tokens"}};
    manual.see_also = {"h264mux(1)", "streamd(8)"};
    return manual;
}

}  // namespace st::streamctl
