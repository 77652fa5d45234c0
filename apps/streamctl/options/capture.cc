#include "cli/values.h"
#include "streamctl/options/build.h"

namespace st::streamctl {
namespace {

void add_start_options(CLI::App& command, Options& options) {
    add_parameters(command, options);
    cli::add_value<std::string>(command, "--take", options.start.take, parse_take,
                                "Group the recordings under this name", "TAKE");
    command.add_flag("--append", options.start.append,
                     "Add to a take whose recordings have all ended");
    command.add_flag(
        "--join", options.start.join,
        "Accept cameras that record already; those recordings are neither changed nor stopped");
}

}  // namespace

void build_capture_commands(CLI::App& app, Options& options) {
    CLI::App& start = add_command(app, "start",
                                  "Start recording\n\n"
                                  "Waits until every camera has said that it started, or why not. "
                                  "Prints one line for each; then the size that it delivers, as "
                                  "soon as its first picture has come, for which it waits at most "
                                  "two seconds.\n\n"
                                  "The older form `start W:H [MBIT [FPS]]` still works for all "
                                  "cameras, with 4 Mbit/s and 10 pictures a second by default.");
    add_names(start, options);
    add_start_options(start, options);
    start.add_flag("--no-wait", options.no_wait, "Do not wait for the cameras' answers");
    start.add_flag("--follow", options.capture.follow,
                   "Show on the terminal how the recordings go, until they end or Ctrl-C, which "
                   "leaves them running; the exit status is 1 if a recording failed, 3 if a camera "
                   "dropped out meanwhile");

    CLI::App& stop = add_command(app, "stop",
                                 "Stop recording\n\n"
                                 "Waits until the files are finished and prints the path of each "
                                 "MP4, one a line.");
    add_names(stop, options);
    stop.add_flag("--no-wait", options.no_wait, "Do not wait for the files");

    CLI::App& preview = add_command(
        app, "preview",
        "Let cameras stream without recording them\n\n"
        "Waits until every camera streams; then `streamctl snapshot CAMERA` saves a picture of it, "
        "and players show it: `ffplay http://SERVER:50001/camera/CAMERA.flv`. A recording that "
        "is started meanwhile begins with the next key frame, without a break in the stream; "
        "stopping it ends the preview as well.");
    add_names(preview, options);
    preview.add_flag("--stop", options.stop_preview, "End it; recordings go on");
    add_parameters(preview, options);
    preview.add_flag("--no-wait", options.no_wait, "Do not wait for the cameras' answers");

    CLI::App& capture = add_command(
        app, "capture",
        "Start, wait, stop, and print the paths of the MP4 files\n\n"
        "Stops only what it started itself. A camera that records already is an error, unless "
        "`--join` is given; then it is left recording at the end. Names are checked before "
        "anything starts.\n\n"
        "When a camera that dropped out is back, its recording goes on in another file of the same "
        "take; the exit status is then 3. It is 1 if a camera did not come back, with `--require "
        "any`, too.\n\n"
        "Ctrl-C ends it early: the cameras are stopped, the paths printed, and the exit status "
        "is 130; with `--until-interrupt` it is the end that was asked for.");
    add_names(capture, options);
    cli::add_duration(capture, "--duration", options.capture.duration,
                      "Record for this long, counted from the last camera's start");
    capture.add_flag("--until-interrupt", options.capture.until_interrupt,
                     "Record until Ctrl-C, which then is a success");
    cli::add_choice<Require>(capture, "--require", options.capture.require,
                             {{"all", Require::all}, {"any", Require::any}},
                             "Give up when one camera fails to start, or only when all do");
    add_start_options(capture, options);
    cli::add_text(capture, "-o,--output", options.folder, "Download the MP4 files to this folder",
                  "DIR");
    add_align(capture, options);
}

}  // namespace st::streamctl
