#include "streamctl/options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <utility>

#include "base/clock.h"
#include "base/field.h"
#include "base/name.h"
#include "base/units.h"
#include "base/when.h"
#include "cli/parse.h"
#include "cli/values.h"
#include "control/glob.h"
#include "streamctl/recordings/select.h"

namespace st::streamctl {
namespace {

CLI::App& add_command(CLI::App& parent, const std::string& name, const std::string& help) {
    return *parent.add_subcommand(name, help);
}

Result<control::Size> parse_resolution(std::string_view text) {
    const auto pair = cli::parse_resolution(text);
    if (!pair) return pair.error();
    return control::Size{pair->first, pair->second};
}

Result<control::Size> parse_aspect(std::string_view text) {
    const auto pair = cli::parse_aspect(text);
    if (!pair) return pair.error();
    return control::Size{pair->first, pair->second};
}

Result<std::string> parse_take(std::string_view text) {
    if (is_valid_name(text)) return std::string(text);
    return Error{"\"" + std::string(text) +
                 "\" is not a name (letters, digits, . _ -, at most 64)"};
}

void add_parameters(CLI::App& command, Options& options) {
    control::StartParameters& wanted = options.start.parameters;
    cli::add_value<control::Size>(command, "--resolution", wanted.resolution, parse_resolution,
                                  "Ask for pictures of this size: 1280x720, or 480p, 720p, 1080p, "
                                  "1440p, 2160p",
                                  "WxH");
    cli::add_value<control::Size>(command, "--aspect", wanted.aspect, parse_aspect,
                                  "Ask for this ratio of width to height", "W:H");
    cli::add_value<std::uint64_t>(
        command, "--bitrate", wanted.bitrate_bps, cli::parse_camera_bitrate,
        "Ask for this bit rate: 4M, 2500k; a bare number is Mbit/s", "RATE");
    cli::add_value<std::uint32_t>(command, "--fps", wanted.fps, cli::parse_fps,
                                  "Ask for at most N pictures a second; 0 for no limit", "N");
}

void add_start_options(CLI::App& command, Options& options) {
    add_parameters(command, options);
    cli::add_value<std::string>(command, "--take", options.start.take, parse_take,
                                "Group the recordings under this name", "TAKE");
    command.add_flag("--append", options.start.append,
                     "Add to a take whose recordings have all ended");
    command.add_flag("--join", options.start.join,
                     "A camera that records already is fine; its recording stays whoever's it is");
}

void add_names(CLI::App& command, Options& options) {
    command.add_option("CAMERA", options.names,
                       "Names, or patterns such as 'cam*'; without any: all cameras");
}

void add_align(CLI::App& command, Options& options) {
    command.add_flag(
        "--align", options.align,
        "Put the files on one time line, made here from the dumps; how accurate each one is stands "
        "in take.json beside them");
}

void build_capture_commands(CLI::App& app, Options& options) {
    CLI::App& start = add_command(app, "start",
                                  "Start recording\n\n"
                                  "Waits until every camera said that it started, or why not. "
                                  "Prints one line for each.\n\n"
                                  "The older form `start W:H [MBIT [FPS]]` still works for all "
                                  "cameras, with 4 Mbit/s and 10 pictures a second by default.");
    add_names(start, options);
    add_start_options(start, options);
    start.add_flag("--no-wait", options.no_wait, "Do not wait for the cameras' answers");
    start.add_flag("--follow", options.capture.follow,
                   "Show on the terminal how the recordings go, until they end or Ctrl-C, which "
                   "leaves them running");

    CLI::App& stop = add_command(app, "stop",
                                 "Stop recording\n\n"
                                 "Waits until the files are finished and prints the path of each "
                                 "MP4, one a line.");
    add_names(stop, options);
    stop.add_flag("--no-wait", options.no_wait, "Do not wait for the files");

    CLI::App& preview = add_command(
        app, "preview",
        "Let cameras stream without recording them\n\n"
        "Waits until every camera streams; then it can be watched as /camera/NAME. A recording "
        "that "
        "is started meanwhile begins with the next key frame, without a break in the stream. "
        "Stopping that ends the preview as well.");
    add_names(preview, options);
    preview.add_flag("--stop", options.stop_preview, "End it; recordings go on");
    add_parameters(preview, options);
    preview.add_flag("--no-wait", options.no_wait, "Do not wait for the cameras' answers");

    CLI::App& capture = add_command(
        app, "capture",
        "Start, wait, stop, and print the paths of the MP4 files\n\n"
        "Stops only what it started itself. A camera that records already is an error, unless "
        "`--join` is given; then it is left recording at the end. Names are checked before "
        "anything "
        "starts.\n\n"
        "A camera that drops out is recorded further, in the same take, when it returns; the exit "
        "status is then 3, and 1 if it did not return.\n\n"
        "Ctrl-C ends it early: the cameras are stopped, the paths printed, and the exit status is "
        "130.");
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

/// A time as people say it, for the server as RFC 3339 in UTC.
Result<std::string> parse_time(std::string_view text) {
    const auto when = parse_when(text, wall_us());
    if (!when) return when.error();
    return rfc3339(*when);
}

/// A take's name or a pattern over them.
Result<std::string> parse_takes(std::string_view text) {
    if (control::check_pattern(text)) return std::string(text);
    return Error{"\"" + std::string(text) + "\" is neither the name of a take nor a pattern"};
}

/// The filters of recordings, recordings delete, takes and get; the server applies them.
void add_filters(CLI::App& command, Options& options) {
    control::RecordingQuery& query = options.recordings;
    cli::add_value<std::string>(
        command, "--camera", query.camera,
        [](std::string_view text) -> Result<std::string> {
            const auto checked = control::check_pattern(text);
            if (!checked) return checked.error();
            return std::string(text);
        },
        "Only of this camera, or of those a pattern matches", "CAMERA");
    cli::add_value<std::string>(command, "--take", query.take, parse_takes,
                                "Only of this take, or of those a pattern matches", "TAKE");
    cli::add_value<std::string>(command, "--since", query.since, parse_time,
                                "Only those started at or after this time", "TIME");
    cli::add_value<std::string>(command, "--until", query.until, parse_time,
                                "Only those started before this time", "TIME");
    cli::add_value<control::SessionState>(
        command, "--state", query.state,
        [](std::string_view word) -> Result<control::SessionState> {
            if (const auto state = control::session_state_from(word)) return *state;
            return Error{"\"" + std::string(word) +
                         "\" is not one of recording, finalising, done, failed"};
        },
        "Only those in this state", "recording|finalising|done|failed");
}

constexpr const char* kTimes =
    "A TIME is local: 2026-01-31, '2026-01-31 08:15', 08:15 (today), today, yesterday, "
    "'yesterday 18:00', 2h (two hours ago; also m, d, w), or RFC 3339 with its offset.";

void build_recordings(CLI::App& app, Options& options) {
    CLI::App& recordings = add_command(
        app, "recordings",
        "List the recordings, or show one in full\n\n"
        "The newest first, as many columns as the terminal has room for. LOST counts the messages "
        "that never came. With one id it prints everything about that recording: gaps, damage, "
        "take, what was asked for, clocks, files.\n\n" +
            std::string(kTimes));
    recordings.add_option("ID", options.recording_ids,
                          "Only these: ids, or patterns such as 'door_*'");
    add_filters(recordings, options);

    CLI::App& remove = add_command(
        recordings, "delete",
        "Delete recordings for good\n\n"
        "Asks before it does; where nobody can be asked it wants `--yes`. What a pattern or a "
        "filter chose is left alone while it is being recorded, and if it is kept.");
    remove.add_option("ID", options.recording_ids, "Ids, or patterns such as 'door_*'");
    add_filters(remove, options);
    cli::add_value<std::string>(
        remove, "--older-than", options.recordings.until,
        [](std::string_view text) -> Result<std::string> {
            const auto age = parse_duration(text);
            if (!age) return age.error();
            return rfc3339(wall_us() - age->count() * 1000);
        },
        "Only those started longer ago than this, such as 7d", "D")
        ->excludes("--until");
    remove.add_flag("--dry-run", options.dry_run, "Only print the ids of what would be deleted");
    remove.add_flag("-y,--yes", options.is_confirmed, "Do not ask");

    CLI::App& keep = add_command(recordings, "keep",
                                 "Protect recordings from deletion\n\n"
                                 "A kept recording cannot be deleted until it is released.");
    keep.add_option("ID", options.recording_ids, "Ids, or patterns such as 'door_*'")->required();
    keep.add_flag("--release", options.release, "No longer keep them");

    CLI::App& takes = add_command(app, "takes",
                                  "List the takes\n\n"
                                  "A take is a group of recordings that were started with one "
                                  "`--take` name.");
    add_filters(takes, options);
}

void add_take_name(CLI::App& command, Options& options) {
    command.add_option("TAKE", options.take.name, "Its name: letters, digits, . _ -, at most 64")
        ->required()
        ->check([](const std::string& text) {
            const auto take = parse_take(text);
            return take ? "" : take.error().message;
        });
}

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
        "First it looks whether all cameras are there, whether each one's clock is known well "
        "enough, and whether the disk lasts; if not, nothing is started, and the exit status is "
        "1. Then the cameras are started at one instant, as far as they can be, and stopped "
        "after `--duration` or at Ctrl-C. It prints the paths of the MP4s and the verdict; the "
        "exit status is 3 if there is something to look at.");
    add_take_name(run, options);
    add_names(run, options);
    cli::add_duration(run, "--duration", options.capture.duration,
                      "Record for this long, counted from the last camera's start; without it "
                      "until Ctrl-C");
    cli::add_value<milliseconds>(
        run, "--max-error", options.take.max_error,
        [](std::string_view text) { return parse_duration(text); },
        "Refuse cameras whose clocks are not known as well as this", "D")
        ->default_str(format_duration(options.take.max_error));
    add_parameters(run, options);
    run.add_flag("--append", options.start.append, "Add to a take whose recordings have all ended");
    CLI::App& show = add_command(take, "show", "Show everything about a take");
    add_take_name(show, options);
    CLI::App& remove = add_command(take, "delete",
                                   "Delete a take and its recordings for good\n\n"
                                   "Asks before it does; where nobody can be asked it wants "
                                   "`--yes`. Nothing is deleted while one of them is recorded, or "
                                   "if one is kept.");
    add_take_name(remove, options);
    remove.add_flag("-y,--yes", options.is_confirmed, "Do not ask");
}

constexpr std::array kForms{"csv", "cfr", "caliscope", "freemocap", "pose2sim", "lerobot", "mcap"};

Result<double> parse_rate(std::string_view text) {
    constexpr double kMost = 1000;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && value >= 0.001 &&
        value <= kMost)
        return value;
    return Error{"\"" + std::string(text) + "\" is not a frame rate between 0.001 and 1000"};
}

void build_export(CLI::App& app, Options& options) {
    CLI::App& command = add_command(
        app, "export",
        "Fetch a take in the form that another tool reads\n\n"
        "`csv` is one table of all cameras' pictures. `cfr` makes films at an even rate, with "
        "equal counts of pictures, black where a camera has none, and beside each a table of what "
        "its slots show and how far off that is. `caliscope` is cam_N.mp4 and timestamps.csv. "
        "`freemocap` (synchronized_videos/), `pose2sim` (videos/camNN.mp4) and `lerobot` (videos/, "
        "frames.csv, tolerance.json) are films at an even rate over the time that all cameras "
        "have. `mcap` holds each picture as it was coded, for Foxglove and ROS 2.\n\n"
        "What cannot be given is refused with its reason.");
    add_take_name(command, options);
    std::string forms;
    for (const char* form : kForms) forms += (forms.empty() ? "" : "|") + std::string(form);
    cli::add_value<std::string>(
        command, "--to", options.take.to,
        [](std::string_view text) -> Result<std::string> {
            if (std::ranges::find(kForms, text) != kForms.end()) return std::string(text);
            return Error{
                "\"" + std::string(text) +
                "\" is not one of csv, cfr, caliscope, freemocap, pose2sim, lerobot, mcap"};
        },
        "The form", forms)
        ->required();
    cli::add_text(command, "-o,--output", options.folder, "The folder; made if need be", "DIR")
        ->required();
    cli::add_value<double>(command, "--fps", options.take.rate, parse_rate,
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
        "how far each one's clock puts it from where the others' do. More than the bounds allow "
        "refutes the claim: the exit status is 3, and the take's verdict `failed`.");
    add_take_name(command, options);
    cli::add_value<milliseconds>(
        command, "--readout", options.take.readout,
        [](std::string_view text) { return parse_duration(text); },
        "How long the sensors take from the first row of a picture to the last; without it 0 to "
        "30 ms are possible, and the check is the less strict",
        "D");
}

void build_get(CLI::App& app, Options& options) {
    CLI::App& get = add_command(
        app, "get",
        "Download the MP4 files of recordings\n\n"
        "Prints the path of each file. In a folder a file is called after its recording. It has "
        "its name only once it is whole; an interrupted download leaves a .part file, and the next "
        "one resumes it. A file of that name and size is not downloaded again, one of another size "
        "is an error.\n\n" +
            std::string(kTimes));
    get.add_option("ID", options.recording_ids, "Ids, or patterns such as 'door_*'");
    add_filters(get, options);
    cli::add_text(get, "-o,--output", options.folder,
                  "The folder; for one recording also a file, NAME.mp4; without it the current "
                  "folder",
                  "FILE");
    get.add_flag("--all-files", options.all_files,
                 "All files of the recordings, not the MP4s alone");
    add_align(get, options);
}

/// For a question about a moment: as exact as it was said.
Result<std::string> parse_moment(std::string_view text) {
    const auto when = parse_when(text, wall_us());
    if (!when) return when.error();
    return rfc3339_us(*when);
}

void build_archive(CLI::App& app, Options& options) {
    CLI::App& archive = add_command(
        app, "archive",
        "List what is stored of a stream or camera, or save a part of it\n\n"
        "With `--start` it saves what was shown from then on as one MP4, to the picture, from "
        "whichever recordings and segments hold it; nothing is encoded anew.\n\n" +
            std::string(kTimes));
    archive.add_option("STREAM", options.stream, "/APP/NAME, or a camera's name")->required();
    CLI::Option* start =
        cli::add_value<std::string>(archive, "--start", options.archive.start, parse_moment,
                                    "The moment it begins with", "TIME");
    CLI::Option* duration =
        cli::add_duration(archive, "--duration", options.archive.duration, "How long; at most 12h");
    CLI::Option* output =
        cli::add_text(archive, "-o,--output", options.file,
                      "Write the MP4 to this file; - for standard output", "FILE");
    start->needs(duration)->needs(output);
    duration->needs(start);
    output->needs(start);
    archive
        .add_flag("--skip-gaps", options.archive.skips_gaps,
                  "Where nothing is stored, go on at once; else the last picture stays")
        ->needs(start);
    cli::add_value<std::string>(archive, "--since", options.recordings.since, parse_moment,
                                "List only what lasts beyond this time", "TIME")
        ->excludes(start);
    cli::add_value<std::string>(archive, "--until", options.recordings.until, parse_moment,
                                "List only what began before this time", "TIME")
        ->excludes(start);

    CLI::App& picture = add_command(app, "picture",
                                    "Save the picture that was shown at a moment\n\n"
                                    "From whichever recording or segment holds it.\n\n" +
                                        std::string(kTimes));
    picture
        .add_option("WHAT", options.stream,
                    "/APP/NAME of a stream, a camera's name, or the id of a recording")
        ->required();
    cli::add_value<std::string>(picture, "TIME", options.archive.start, parse_moment, "The moment",
                                "")
        ->required();
    cli::add_text(picture, "-o,--output", options.picture_file,
                  "Write the JPEG to this file, not to picture.jpg; - for standard output", "FILE");
}

void build_event_commands(CLI::App& app, Options& options) {
    CLI::App& events = add_command(
        app, "events",
        "Print what happens, as it happens\n\n"
        "One JSON object a line. Ends after `--count` events, with status 75 after `--timeout`, "
        "with 130 at Ctrl-C, with 69 when the server goes away.");
    cli::add_number(events, "--count", options.events.count, 0, 1'000'000'000,
                    "End after N events; 0 for no end");
    events
        .add_option("--type", options.events.types,
                    "Only of this type, such as camera.started, or group, such as 'session.*'")
        ->type_name("TYPE")
        ->allow_extra_args(false);
    cli::add_value<std::uint64_t>(
        events, "--since", options.events.since,
        [](std::string_view text) { return parse_number(text, 1'000'000'000'000'000); },
        "Begin with what the server still has of the events after this id", "EVENT-ID");
    CLI::App& wait = add_command(app, "wait",
                                 "Wait until something happens\n\n"
                                 "Prints the event. Status 75 if it did not happen within "
                                 "`--timeout`; without that there is no limit.");
    wait.add_option("TYPE", options.events.types,
                    "Type of the event, such as session.finished, or group, such as 'camera.*'")
        ->required()
        ->expected(1);
    CLI::App& complete = add_command(app, "__complete", "Names for a shell's completion");
    complete.group("");
    complete.add_option("KIND", options.complete_kind, "What the names are of")->required();
    complete.add_option("LINE", options.complete_line, "What is typed before the cursor");
}

void build_list_commands(CLI::App& app, Options& options) {
    CLI::App& cameras = add_command(app, "cameras", "List the connected cameras");
    cameras.add_option("CAMERA", options.camera, "Only this one, in full");
    CLI::App& kick = add_command(app, "kick", "Close the connection of a camera");
    kick.add_option("CAMERA", options.camera, "The camera")->required();
    CLI::App& rename = add_command(
        app, "rename",
        "Give a camera a name that it keeps\n\n"
        "For cameras that do not name themselves: the server knows one again by its address and "
        "model, also after a restart. A camera that connects to /ingest/NAME is renamed there.");
    rename.add_option("CAMERA", options.camera, "What it is called now")->required();
    rename.add_option("NAME", options.new_name, "What it is to be called")->required();
    add_command(app, "status", "Show what the server is doing");
    CLI::App& config = add_command(app, "config",
                                   "Show the server's configuration\n\n"
                                   "Each value in force and its source: the default, the file, the "
                                   "environment or the command line.");
    config.add_option("KEY", options.config_keys,
                      "Only these keys and those below them, such as recording");
    add_command(app, "reload",
                "Make the server read its configuration again\n\n"
                "Prints the keys that have a new value, and those that take effect after a "
                "restart. If there is a mistake in the file, nothing changes, and the exit status "
                "is 1.");

    add_command(app, "open",
                "Print the address of the monitor, which logs one browser in\n\n"
                "The address is good once, for a minute.");
    CLI::App& qr = add_command(app, "qr",
                               "Show a QR code that makes a phone a camera\n\n"
                               "It holds the https address of the page that does so; below it the "
                               "same as text. The phone must trust the server's certificate.");
    qr.add_option("CAMERA", options.camera, "The name the phone is to have");
}

void build_live_commands(CLI::App& app, Options& options) {
    CLI::App& streams = add_command(app, "streams",
                                    "List the live streams\n\n"
                                    "Cameras are among them, as /camera/NAME.");
    streams.add_option("STREAM", options.stream,
                       "Only this one, in full: /APP/NAME, or a camera's name");
    CLI::App& kick = add_command(app, "kick-stream", "Close the connection of a publisher");
    kick.add_option("STREAM", options.stream, "What it publishes: /APP/NAME")->required();
    CLI::App& snapshot = add_command(app, "snapshot", "Save a picture of a live stream");
    snapshot.add_option("STREAM", options.stream, "/APP/NAME, or a camera's name")->required();
    cli::add_text(snapshot, "-o,--output", options.picture_file,
                  "Write the JPEG to this file; - for standard output", "FILE")
        ->required();
    add_command(app, "viewers", "List who watches");
    CLI::App& kick_viewer = add_command(app, "kick-viewer", "Close the connection of a viewer");
    kick_viewer.add_option("VIEWER", options.viewer_id, "Its number, as listed")
        ->required()
        ->check([](const std::string& text) {
            const bool is_number = text.find_first_not_of("0123456789") == std::string::npos;
            return is_number ? "" : "expected a number, as viewers lists them, got " + text;
        });
    add_command(app, "sources", "List the on-demand sources");
    CLI::App& restart =
        add_command(app, "restart-source", "Restart an on-demand source, also one that failed");
    restart.add_option("SOURCE", options.stream, "/APP/NAME")->required();
}

/// One of a few words; the server knows which it takes by itself.
void add_word(CLI::App& command, const std::string& name, std::string& target,
              const std::vector<std::string>& words, const std::string& help) {
    std::string shown;
    for (const std::string& word : words) shown += (shown.empty() ? "" : "|") + word;
    cli::add_value<std::string>(
        command, name, target,
        [words](std::string_view text) -> Result<std::string> {
            if (std::ranges::find(words, text) != words.end()) return std::string(text);
            std::string expected;
            for (const std::string& word : words) expected += (expected.empty() ? "" : ", ") + word;
            return Error{"expected one of " + expected};
        },
        help, shown);
}

void build_record_commands(CLI::App& app, Options& options) {
    CLI::App& record = add_command(
        app, "record",
        "Record live streams in segments\n\n"
        "A stream of `recording.streams` is recorded whenever it is published; others when asked. "
        "Nobody who watches notices.");
    record.require_subcommand(1, 1);
    CLI::App& start = add_command(record, "start",
                                  "Begin to record a live stream\n\n"
                                  "What is not given is as the configuration says. A stream that "
                                  "is being recorded is an error. The recording ends when it is "
                                  "stopped, or its publisher does not return.");
    start.add_option("STREAM", options.stream, "/APP/NAME, or a camera's name")->required();
    add_word(start, "--format", options.record.format, {"mp4", "flv"},
             "mp4 holds H.264 and AAC, flv what was published");
    add_word(start, "--tracks", options.record.tracks, {"all", "video", "audio"},
             "What of it is recorded");
    cli::add_duration(start, "--segment-duration", options.record.segment_duration,
                      "Go on in another file at the first key frame after so much");
    cli::add_duration(start, "--preroll", options.record.preroll,
                      "Begin so much before now, as far as the server has it; at most 20s");
    cli::add_duration(start, "--max-duration", options.record.max_duration,
                      "End by itself after so much");
    CLI::App& stop = add_command(record, "stop", "End the recording of a live stream");
    stop.add_option("STREAM", options.stream, "/APP/NAME, or a camera's name");
    stop.add_flag("--all", options.record.all, "End all of them, and print which they were");
    add_command(record, "list", "List the live streams that are being recorded");
}

Result<double> parse_probability(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && value >= 0 && value <= 1) {
        return value;
    }
    return Error{"\"" + std::string(text) + "\" is not a probability from 0 to 1"};
}

Result<double> parse_drift(std::string_view text) {
    constexpr double kPpmMax = 100'000;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && std::abs(value) <= kPpmMax) {
        return value;
    }
    return Error{"\"" + std::string(text) + "\" is not a drift in ppm from -100000 to 100000"};
}

/// A duration, or one with a minus in front of it.
Result<milliseconds> parse_signed_duration(std::string_view text) {
    const bool is_below = text.starts_with('-');
    const auto time = parse_duration(is_below ? text.substr(1) : text);
    if (!time) return time.error();
    const auto ms = std::chrono::duration_cast<milliseconds>(*time);
    return is_below ? -ms : ms;
}

/// One kind of fault, its name and how its value is read into a Fault.
struct FaultKind {
    std::string_view name;
    Result<void> (*read)(std::string_view value, Fault& fault);
};

template <auto Member>
Result<void> read_probability(std::string_view value, Fault& fault) {
    const auto read = parse_probability(value);
    if (!read) return read.error();
    fault.*Member = *read;
    return {};
}

template <auto Member>
Result<void> read_time(std::string_view value, Fault& fault) {
    const auto read = parse_duration(value);
    if (!read) return read.error();
    fault.*Member = std::chrono::duration_cast<milliseconds>(*read);
    return {};
}

template <auto Member>
Result<void> read_signed_time(std::string_view value, Fault& fault) {
    const auto read = parse_signed_duration(value);
    if (!read) return read.error();
    fault.*Member = *read;
    return {};
}

Result<void> read_drift(std::string_view value, Fault& fault) {
    const auto read = parse_drift(value);
    if (!read) return read.error();
    fault.clock_drift_ppm = *read;
    return {};
}

Result<void> read_reset(std::string_view value, Fault& fault) {
    const auto read = parse_number(value, 1'000'000'000);
    if (!read) return read.error();
    fault.reset_after = static_cast<std::uint32_t>(*read);
    return {};
}

constexpr std::array kFaultKinds{
    FaultKind{"drop", read_probability<&Fault::drop>},
    FaultKind{"dup", read_probability<&Fault::dup>},
    FaultKind{"jitter", read_time<&Fault::jitter>},
    FaultKind{"clock-jump", read_signed_time<&Fault::clock_jump>},
    FaultKind{"clock-offset", read_signed_time<&Fault::clock_offset>},
    FaultKind{"clock-drift", read_drift},
    FaultKind{"clock-jitter", read_time<&Fault::clock_jitter>},
    FaultKind{"clock-asymmetry", read_signed_time<&Fault::clock_asymmetry>},
    FaultKind{"clock-loss", read_probability<&Fault::clock_loss>},
    FaultKind{"flash", read_time<&Fault::flash>},
    FaultKind{"readout", read_time<&Fault::readout>},
    FaultKind{"stamp-shift", read_signed_time<&Fault::stamp_shift>},
    FaultKind{"reset-after", read_reset},
};

/// "drop=0.01,dup=0.01,jitter=50ms,clock-jump=2s,reset-after=100"
Result<Fault> parse_fault(std::string_view text) {
    Fault fault;
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), part.size() + 1));
        const std::size_t sign = std::min(part.find('='), part.size());
        const std::string_view name = part.substr(0, sign);
        const std::string_view value = part.substr(std::min(part.size(), sign + 1));
        const auto kind = std::ranges::find(kFaultKinds, name, &FaultKind::name);
        if (kind == kFaultKinds.end()) {
            std::string names;
            for (const FaultKind& known : kFaultKinds)
                names += (names.empty() ? "" : ", ") + std::string(known.name);
            return Error{"\"" + std::string(name) + "\" is not one of " + names};
        }
        if (const auto read = kind->read(value, fault); !read) return read.error();
    }
    return fault;
}

void build_push(CLI::App& app, Options& options) {
    PushOptions& push = options.push;
    CLI::App& command = add_command(
        app, "push",
        "Be a camera that sends a file, a device or a URL\n\n"
        "Reads anything libav can read. H.264 is sent as it is, one access unit a message; "
        "anything else is encoded with libx264 at the resolution, bit rate and frame rate the "
        "server asks for. The camera connects, waits to be started, sends, and stops when told "
        "to; each start begins at the beginning of a file. At the end of the input it says so, "
        "closes the connection and ends.\n\n"
        "Times are those of the input, on a clock that counts microseconds from the start of this "
        "machine; it answers the server about that clock, and begins with other cameras at the "
        "instant that the server names. "
        "Without `--realtime` a file is sent as fast as the server takes it.\n\n"
        "With `--verbose` it says once a second what each camera sent, of more than eight the sum; "
        "with `--json` the same as an object a line on standard output.");
    command
        .add_option("INPUT", push.input,
                    "A file, - for standard input, a device such as /dev/video0 or "
                    "v4l2:/dev/video0, lavfi:FILTER, a URL, or test: for a moving picture with a "
                    "clock in it")
        ->required();
    cli::add_value<std::string>(command, "--name", push.name, parse_take,
                                "The camera's name; without it the server names it by its address",
                                "NAME");
    cli::add_number(command, "--count", push.count, 1, 10'000,
                    "Be this many cameras, called NAME-1 and so on");
    command.add_flag("--realtime", push.realtime, "Send a file at the pace of its times");
    command.add_flag("--loop", push.loop, "Begin again at the end of a file; times go on");
    command.add_flag("--encode", push.encode, "Encode H.264 input again, too");
    command.add_flag("--reconnect", push.reconnect,
                     "Connect again when the server goes away, after 0.5s, later up to 10s");
    cli::add_value<Fault>(
        command, "--fault", push.fault, parse_fault,
        "Misbehave: drop=P and dup=P lose and repeat messages with that "
        "probability, jitter=D delays each by up to D, clock-jump=D moves its "
        "clock a second after the first picture (-D: back), clock-offset=D sets "
        "it ahead, clock-drift=PPM lets it run fast (-PPM: slow), "
        "clock-jitter=D delays its answers about its clock by up to D in each "
        "direction, clock-asymmetry=D the questions by D (-D: the answers), "
        "clock-loss=P leaves them out with that probability, flash=D films, as test:, "
        "a lamp that flashes every D after the common begin, readout=D is "
        "how long its sensor takes for that from the top down, stamp-shift=D "
        "stamps its pictures by so much another clock than it answers by, "
        "reset-after=N breaks the connection after N pictures",
        "WHAT=VALUE,...");
    cli::add_number(command, "--b-frames", push.b_frames, 0, 16, "B-frames in a row when encoding");
    cli::add_text(command, "--input-format", push.format,
                  "Do not guess what the input is: v4l2, x11grab, h264, ...", "NAME");
    cli::add_text(command, "--input-size", push.size, "Ask a device for this size", "WxH");
    cli::add_text(command, "--input-fps", push.framerate,
                  "Ask a device for this rate; the rate of a bare .h264 file", "N");
}

void build_hooks(CLI::App& app, Options& options) {
    CLI::App& hooks = add_command(app, "hooks",
                                  "List the hooks and how their deliveries go\n\n"
                                  "Hooks are the targets in the server's configuration that are "
                                  "told of events.");
    add_command(hooks, "list", "The same");
    add_command(hooks, "failed", "List the messages that were given up after the last attempt");
    CLI::App& replay = add_command(hooks, "replay", "Send a message again that was given up");
    replay.add_option("MESSAGE", options.hook, "Its id, as hooks failed lists it")->required();
    CLI::App& test = add_command(hooks, "test",
                                 "Send a message to a target at once, and say what it answers\n\n"
                                 "If it arrives, what waits for that target is tried, too.");
    test.add_option("URL", options.hook, "The target, as hooks lists it")->required();
}

void build_access(CLI::App& app, Options& options) {
    CLI::App& token = add_command(app, "token",
                                  "List the tokens\n\n"
                                  "Who brings one may take its roles. Those that are made here lie "
                                  "beside the recordings, as digests; others stand in the server's "
                                  "configuration.");
    add_command(token, "list", "The same");
    CLI::App& make = add_command(token, "new",
                                 "Make a token and print it\n\n"
                                 "It is shown this once: the server stores its digest alone.");
    make.add_option("NAME", options.token_name, "Whose it is, for lists and logs")->required();
    make.add_option("--role", options.roles, "What it opens; may be given several times")
        ->type_name("camera|publish|play|control")
        ->check(CLI::IsMember({"camera", "publish", "play", "control"}))
        ->allow_extra_args(false)
        ->required();
    CLI::App& revoke = add_command(token, "revoke", "Take a token's roles away, at once");
    revoke.add_option("NAME", options.token_name, "Its name, as token list has it")->required();

    CLI::App& sign = add_command(app, "sign",
                                 "Sign the URL of a stream or camera, and print it\n\n"
                                 "Who has it may take that role there until it expires, where the "
                                 "server's configuration says signed. Needs auth.secret.");
    sign.add_option("URL", options.sign_url, "Such as rtmp://host/live/x, or a path: /live/x")
        ->required();
    cli::add_duration(sign, "--expires", options.expires, "How long it holds, such as 1h or 7d");
    sign.add_option("--role", options.roles, "What for; play without it")
        ->type_name("camera|publish|play")
        ->check(CLI::IsMember({"camera", "publish", "play"}))
        ->expected(1);
}

/// The groups in which help lists the commands.
void group_commands(CLI::App& app) {
    const std::vector<std::pair<std::string, std::vector<std::string>>> groups = {
        {"Record", {"take", "capture", "start", "stop", "preview", "push", "record"}},
        {"Recordings",
         {"recordings", "takes", "get", "export", "sync-check", "archive", "picture"}},
        {"Look", {"cameras", "streams", "snapshot", "viewers", "sources", "events", "wait"}},
        {"Act", {"kick", "rename", "kick-stream", "kick-viewer", "restart-source"}},
        {"Server", {"status", "config", "hooks", "token", "sign", "reload", "help"}},
    };
    for (const auto& [group, names] : groups) {
        for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
            if (std::ranges::find(names, command->get_name()) != names.end()) command->group(group);
        }
    }
}

bool is_number(std::string_view word) {
    return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_ratio(std::string_view word) {
    const std::size_t colon = word.find(':');
    return colon != std::string_view::npos && is_number(word.substr(0, colon)) &&
           is_number(word.substr(colon + 1));
}

/// `start W:H [MBIT [FPS]]`.
Result<void> complete_positional(Options& options) {
    control::StartParameters& wanted = options.start.parameters;
    std::vector<std::string> words;
    words.swap(options.names);
    if (words.size() > 3) return Error{"unexpected word " + words[3] + " after W:H MBIT FPS"};
    if (wanted.given()) {
        return Error{"use either W:H MBIT FPS or --resolution, --aspect, --bitrate and --fps"};
    }
    const auto aspect = parse_aspect(words[0]);
    if (!aspect) return Error{"aspect " + aspect.error().message};
    wanted.aspect = *aspect;
    wanted.bitrate_bps = 4'000'000;
    wanted.fps = 10;
    if (words.size() > 1) {
        const auto bitrate = cli::parse_camera_bitrate(words[1]);
        if (!bitrate) return bitrate.error();
        wanted.bitrate_bps = *bitrate;
    }
    if (words.size() > 2) {
        const auto fps = cli::parse_fps(words[2]);
        if (!fps) return fps.error();
        wanted.fps = *fps;
    }
    return {};
}

Result<void> complete_names(Options& options) {
    if (options.command.front() != "preview" && !options.names.empty() &&
        is_ratio(options.names.front())) {
        return complete_positional(options);
    }
    if (options.command.front() != "stop" && !options.names.empty() &&
        is_number(options.names.front())) {
        const std::string& word = options.names.front();
        return Error{"\"" + word + "\" could be a bit rate: use --bitrate " + word + ", or " +
                     options.command.front() + " 4:3 " + word +
                     " (W:H MBIT FPS); for a camera of " + "that name write [" + word.substr(0, 1) +
                     "]" + word.substr(1)};
    }
    for (const std::string& name : options.names) {
        const auto checked = control::check_pattern(name);
        if (!checked) return checked.error();
    }
    return {};
}

/// "x.mp4", unless it is a folder.
bool is_mp4_file(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code ignored;
    return iequals(fs::path(path).extension().string(), ".mp4") && !fs::is_directory(path, ignored);
}

}  // namespace

void build(CLI::App& app, Options& options) {
    cli::prepare(app);
    app.require_subcommand(0, 1);
    cli::add_text(
        app, "-s,--server", options.server,
        "The server: HOST[:PORT], ws://, wss://, http:// or https:// with a proxy's path, "
        "or unix:PATH; without it the control socket of this machine's server, else "
        "ws://127.0.0.1:50001",
        "URL")
        ->envname("STREAMCTL_SERVER");
    cli::add_text(app, "--token-file", options.token_file,
                  "Read the access token from this file (else from STREAMCTL_TOKEN)", "FILE");
    cli::add_text(app, "--cacert", options.ca_file,
                  "With wss://, trust the certificates in this file instead of the system's",
                  "FILE");
    app.add_flag("--insecure", options.is_insecure,
                 "With wss://, accept any certificate: the connection is encrypted, but the server "
                 "is not verified");
    cli::add_duration(app, "--timeout", options.timeout,
                      "How long to wait for a camera's or the server's answer; without it 10s");
    app.add_flag("--json", options.json, "Print the server's answer as it is, on one line");
    app.add_flag("-q,--quiet", options.quiet, "Print errors and the requested data only");
    app.add_flag("-v,--verbose", options.verbose, "Print more messages");
    cli::add_text(app, "-f,--file", options.script_file, "Read commands from this file", "FILE");
    app.add_flag("-k,--keep-going", options.keep_going,
                 "Go on with the next command of a script after an error");
    cli::add_generate(app, options.generate);
    build_capture_commands(app, options);
    build_list_commands(app, options);
    build_recordings(app, options);
    build_take(app, options);
    build_export(app, options);
    build_sync_check(app, options);
    build_get(app, options);
    build_archive(app, options);
    build_event_commands(app, options);
    build_live_commands(app, options);
    build_record_commands(app, options);
    build_push(app, options);
    build_hooks(app, options);
    build_access(app, options);
    CLI::App& help = add_command(app, "help", "Show help, also for one command");
    help.add_option("COMMAND", options.help_about, "The command");
    group_commands(app);
}

Result<void> complete(const CLI::App& app, Options& options) {
    options.command.clear();
    for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
        at = at->get_subcommands().front();
        options.command.push_back(at->get_name());
    }
    if (options.command.empty()) return {};
    const std::string& command = options.command.front();
    if (command == "start" || command == "capture" || command == "stop" || command == "preview") {
        const auto names = complete_names(options);
        if (!names) return names.error();
    }
    if (options.push.fault.flash.count() > 0 && options.push.input != "test:") {
        return Error{"--fault flash makes pictures of its own: INPUT must be test:"};
    }
    if (options.start.parameters.resolution && options.start.parameters.aspect) {
        return Error{"use either --resolution or --aspect: the resolution includes the ratio"};
    }
    if (command == "record" && options.command.back() == "stop" &&
        options.stream.empty() != options.record.all) {
        return Error{"record stop needs either a stream or --all"};
    }
    if (command == "capture" &&
        options.capture.duration.has_value() == options.capture.until_interrupt) {
        return Error{"capture needs either --duration or --until-interrupt"};
    }
    if (command == "take" && options.command.back() == "run") {
        const auto names = complete_names(options);
        if (!names) return names.error();
        options.start.take = options.take.name;
        options.capture.until_interrupt = !options.capture.duration;
        options.capture.is_take = true;
    }
    if (options.capture.duration && *options.capture.duration == milliseconds(0)) {
        return Error{"--duration: must be longer than 0"};
    }
    if (command == "start" && options.capture.follow && options.no_wait) {
        return Error{"--follow needs the cameras' answers: leave --no-wait out"};
    }
    if (command == "capture" && options.align && options.folder.empty()) {
        return Error{"--align needs a folder for the files: --output DIR"};
    }
    const bool chooses = !options.recording_ids.empty() || has_filters(options.recordings);
    if (command == "get" && !chooses) {
        return Error{"get needs recordings' ids, a pattern, or a filter such as --take"};
    }
    if (command == "recordings" && options.command.back() == "delete" && !chooses) {
        return Error{
            "recordings delete needs recordings' ids, a pattern, or a filter such as --take or "
            "--older-than; '*' means all"};
    }
    if (options.recordings.since && options.recordings.until &&
        *options.recordings.since >= *options.recordings.until) {
        return Error{"--since must be before --until"};
    }
    if (command == "get" && is_mp4_file(options.folder)) {
        if (options.align || options.all_files) {
            return Error{std::string(options.align ? "--align" : "--all-files") +
                         " makes several files: --output must be a folder"};
        }
        options.file = std::exchange(options.folder, {});
    }
    options.start.cameras = options.names;
    options.start.wait = !options.no_wait;
    options.start.timeout = options.timeout.value_or(milliseconds(10'000));
    if (options.start.timeout < milliseconds(1) ||
        options.start.timeout > milliseconds(control::kTimeoutMsMax)) {
        return Error{"--timeout: outside 1ms .. 24h"};
    }
    return {};
}

}  // namespace st::streamctl
