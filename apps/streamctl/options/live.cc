#include <algorithm>

#include "cli/values.h"
#include "control/record.h"
#include "streamctl/options/build.h"

namespace st::streamctl {

void build_live_commands(CLI::App& app, Options& options) {
    CLI::App& streams = add_command(app, "streams",
                                    "List the live streams\n\n"
                                    "Cameras are among them, as /camera/NAME.");
    streams.add_option("STREAM", options.stream,
                       "Only this one, in full: /APP/NAME, or a camera's name");
    CLI::App& kick = add_command(app, "kick-stream", "Close the connection of a publisher");
    kick.add_option("STREAM", options.stream, "What it publishes: /APP/NAME")->required();
    CLI::App& snapshot = add_command(app, "snapshot",
                                     "Save a picture of a live stream\n\n"
                                     "A file that is there already is not overwritten; the exit "
                                     "status is then 73.");
    snapshot.add_option("STREAM", options.stream, "/APP/NAME, or a camera's name")->required();
    cli::add_text(snapshot, "-o,--output", options.picture_file,
                  "Write the JPEG to this file, not to NAME.jpg; - for standard output", "FILE");
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

void build_record_commands(CLI::App& app, Options& options) {
    CLI::App& record = add_command(
        app, "record",
        "Record live streams in segments\n\n"
        "A stream of `recording.streams` is recorded whenever it is published; others when asked. "
        "Viewers do not notice.");
    record.require_subcommand(1, 1);
    CLI::App& start =
        add_command(record, "start",
                    "Begin to record a live stream\n\n"
                    "Options left out are taken from the configuration. A stream that "
                    "is being recorded already is an error. The recording ends when it is "
                    "stopped, or its publisher does not return.");
    start.add_option("STREAM", options.stream, "/APP/NAME, or a camera's name")->required();
    // The server knows which it takes by itself.
    cli::add_word(start, "--format", options.record.format, {"mp4", "flv"},
                  "mp4 holds H.264 and AAC, flv what was published");
    cli::add_word(start, "--tracks", options.record.tracks, {"all", "video", "audio"},
                  "What of it is recorded");
    cli::add_duration(start, "--segment-duration", options.record.segment_duration,
                      "Begin another file at the first key frame after this long",
                      {milliseconds(control::kSegmentMsMin), milliseconds(control::kSegmentMsMax)});
    cli::add_duration(start, "--preroll", options.record.preroll,
                      "Begin this long before now, as far as the server still has it; at most 20s",
                      {{}, milliseconds(control::kPrerollMsMax)});
    cli::add_duration(start, "--max-duration", options.record.max_duration,
                      "End by itself after this long", {{}, milliseconds(control::kSegmentMsMax)});
    CLI::App& stop = add_command(record, "stop", "End the recording of a live stream");
    stop.add_option("STREAM", options.stream, "/APP/NAME, or a camera's name");
    stop.add_flag("--all", options.record.all, "End all of them, and print which they were");
    CLI::App& list =
        add_command(record, "list",
                    "List the live streams that are being recorded\n\n"
                    "With a stream: its segments, the oldest first, also those of earlier "
                    "recordings.");
    list.add_option("STREAM", options.stream, "/APP/NAME, or a camera's name");
}

}  // namespace st::streamctl
