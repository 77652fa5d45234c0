#include "base/clock.h"
#include "base/units.h"
#include "base/when.h"
#include "cli/values.h"
#include "control/glob.h"
#include "streamctl/options/build.h"

namespace st::streamctl {
namespace {

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
    cli::add_value<control::RecordingState>(
        command, "--state", query.state,
        [](std::string_view word) -> Result<control::RecordingState> {
            if (const auto state = control::recording_state_from(word)) return *state;
            return Error{"\"" + std::string(word) +
                         "\" is not one of recording, finalising, done, failed"};
        },
        "Only those in this state", "recording|finalising|done|failed");
}

constexpr const char* kTimes =
    "A TIME is local: 2026-01-31, '2026-01-31 08:15', 08:15 (today), today, yesterday, "
    "'yesterday 18:00', 2h (two hours ago; also m, d, w), or RFC 3339 with its offset.";

/// For a question about a moment: as exact as it was said.
Result<std::string> parse_moment(std::string_view text) {
    const auto when = parse_when(text, wall_us());
    if (!when) return when.error();
    return rfc3339_us(*when);
}

/// Which of both it is, the option --take says.
Result<std::string> parse_moment_or_duration(std::string_view text) {
    const auto moment = parse_moment(text);
    if (!moment && !parse_duration(text)) return moment.error();
    return std::string(text);
}

}  // namespace

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
        "Asks before it does; where nobody can be asked, `--yes` is required. What a pattern or a "
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
    keep.add_option("ID", options.recording_ids, "Ids, or patterns such as 'door_*'");
    add_filters(keep, options);
    keep.add_flag("--release", options.release, "No longer keep them");

    CLI::App& takes = add_command(app, "takes",
                                  "List the takes\n\n"
                                  "A take is a group of recordings that were started with one "
                                  "`--take` name.");
    add_filters(takes, options);
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

void build_archive(CLI::App& app, Options& options) {
    CLI::App& archive = add_command(
        app, "archive",
        "List what is stored of a stream or camera, or save a part of it\n\n"
        "With `--start` it saves what was shown from then on as one MP4, to the picture, from "
        "whichever recordings and segments hold it; nothing is encoded anew. A file that is there "
        "already is not overwritten; the exit status is then 73.\n\n" +
            std::string(kTimes));
    archive.add_option("STREAM", options.stream, "/APP/NAME, or a camera's name")->required();
    CLI::Option* start =
        cli::add_value<std::string>(archive, "--start", options.archive.start, parse_moment,
                                    "The moment at which it begins", "TIME");
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
                                "List only what ends after this time", "TIME")
        ->excludes(start);
    cli::add_value<std::string>(archive, "--until", options.recordings.until, parse_moment,
                                "List only what began before this time", "TIME")
        ->excludes(start);

    CLI::App& picture =
        add_command(app, "picture",
                    "Save the picture that was shown at a moment\n\n"
                    "From whichever recording or segment holds it. With `--take` "
                    "TIME counts from the beginning of that take: 4.25s, 1m. A file "
                    "that is there already is not overwritten; the exit status is "
                    "then 73.\n\n" +
                        std::string(kTimes));
    picture
        .add_option("WHAT", options.stream,
                    "/APP/NAME of a stream, a camera's name, or the id of a recording")
        ->required();
    cli::add_value<std::string>(picture, "TIME", options.archive.start, parse_moment_or_duration,
                                "The moment", "")
        ->required();
    cli::add_text(picture, "--take", options.archive.take,
                  "TIME is how long after the zero of this take's line, where the first picture of "
                  "all was taken",
                  "TAKE");
    cli::add_text(picture, "-o,--output", options.picture_file,
                  "Write the JPEG to this file, not to picture.jpg; - for standard output", "FILE");
}

}  // namespace st::streamctl
