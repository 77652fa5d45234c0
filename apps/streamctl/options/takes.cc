#include <algorithm>
#include <array>

#include "base/units.h"
#include "cli/values.h"
#include "streamctl/options/build.h"

namespace st::streamctl {
namespace {

void add_take_name(CLI::App& command, Options& options) {
    command.add_option("TAKE", options.take.name, "Its name: letters, digits, . _ -, at most 64")
        ->required()
        ->check([](const std::string& text) {
            const auto take = parse_take(text);
            return take ? "" : take.error().message;
        });
}

constexpr std::array kForms{"csv", "cfr", "caliscope", "freemocap", "pose2sim", "lerobot", "mcap"};

}  // namespace

void build_take(CLI::App& app, Options& options) {
    CLI::App& take = add_command(
        app, "take",
        "Record cameras together, and look at what came of it\n\n"
        "A take is a group of recordings on one time line. When the last of them has ended, the "
        "server says in take.json where each camera's pictures lie on it, how far off that may "
        "be, and whether there is anything to look at.");
    take.require_subcommand(1);
    CLI::App& run = add_command(
        take, "run",
        "Record a take\n\n"
        "First it checks that all cameras are there, that each one's clock is known well enough, "
        "that the disk lasts, and that no battery is almost empty; if not, nothing is started, and "
        "the exit status is 1. It warns of a battery that is low. Then the "
        "cameras are started at one instant, as far as they can be, and stopped "
        "after `--duration` or at Ctrl-C. It prints the paths of the MP4s and the verdict; the "
        "exit status is 3 if there is something to look at, and 130 after Ctrl-C if there is a "
        "`--duration`. A camera that drops out is recorded "
        "again when it is back, in another file of the take.");
    add_take_name(run, options);
    add_names(run, options);
    cli::add_duration(run, "--duration", options.capture.duration,
                      "Record for this long, counted from the last camera's start; without it "
                      "until Ctrl-C");
    cli::add_value<milliseconds>(
        run, "--max-error", options.take.max_error,
        [](std::string_view text) { return parse_duration(text); },
        "Refuse cameras whose clocks are not known as well as this; 1h takes all as they are", "D")
        ->default_str(format_duration(options.take.max_error));
    add_parameters(run, options);
    run.add_flag("--append", options.start.append, "Add to a take whose recordings have all ended");
    CLI::App& show = add_command(take, "show", "Show everything about a take");
    add_take_name(show, options);
    CLI::App& remove =
        add_command(take, "delete",
                    "Delete a take and its recordings for good\n\n"
                    "Asks before it does; where nobody can be asked, "
                    "`--yes` is required. Nothing is deleted while one of them is recorded, or "
                    "if one is kept.");
    add_take_name(remove, options);
    remove.add_flag("-y,--yes", options.is_confirmed, "Do not ask");
}

void build_export(CLI::App& app, Options& options) {
    CLI::App& command = add_command(
        app, "export",
        "Fetch a take in the form that another tool reads\n\n"
        "`csv` is one table of all cameras' pictures. `cfr` makes films at an even rate, with "
        "equal counts of pictures, black where a camera has none, and beside each a table of what "
        "its slots show and how far off that is. `caliscope` is cam_N.mp4 and timestamps.csv. "
        "`freemocap` (synchronized_videos/), `pose2sim` (videos/camNN.mp4) and `lerobot` (a "
        "dataset of one episode, and tolerance.json) are films at an even rate over the time that "
        "all cameras have. `mcap` holds each picture as it was coded, for Foxglove.\n\n"
        "What cannot be given is refused with its reason.");
    add_take_name(command, options);
    cli::add_word(command, "--to", options.take.to, {kForms.begin(), kForms.end()}, "The form")
        ->required();
    cli::add_text(command, "-o,--output", options.folder, "The folder; made if need be", "DIR")
        ->required();
    cli::add_value<double>(command, "--fps", options.take.rate, cli::parse_frame_rate,
                           "Pictures a second of films at an even rate; without it the greatest "
                           "rate that a camera had, rounded",
                           "N");
    cli::add_number(command, "--crf", options.take.crf, 0, 51,
                    "Quality of films at an even rate, as x264 counts: 0 is the best");
}

void build_sync_check(CLI::App& app, Options& options) {
    CLI::App& command = add_command(
        app, "sync-check",
        "Check a take's times by a flash that all cameras saw\n\n"
        "Looks for a light that goes off, row by row, in the pictures of all cameras, and says "
        "how far each one's clock puts it from where the others' do. A difference beyond "
        "the bounds refutes the claim: the exit status is 3, and the take's verdict becomes "
        "`failed`. What one check refuted, a later one without `--readout` does not confirm: it "
        "leaves the verdict, and the exit status is 3.");
    add_take_name(command, options);
    cli::add_value<milliseconds>(
        command, "--readout", options.take.readout,
        [](std::string_view text) { return parse_duration(text); },
        "How long the sensors take from the first row of a picture to the last; without it 0 to "
        "30 ms are possible, and the check is the less strict",
        "D");
}

}  // namespace st::streamctl
