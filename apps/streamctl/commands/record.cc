/// Live streams that are recorded in segments.

#include "control/record.h"

#include "base/units.h"
#include "streamctl/client/printable.h"
#include "streamctl/client/who.h"
#include "streamctl/commands/listing.h"
#include "streamctl/commands/stream_path.h"

namespace st::streamctl {
namespace {

std::optional<std::uint64_t> ms_of(const std::optional<milliseconds>& time) {
    if (!time) return std::nullopt;
    return static_cast<std::uint64_t>(time->count());
}

int start(const Options& options, ApiClient& client, Console& console) {
    const RecordOptions& wanted = options.record;
    control::RecordRequest request;
    if (!wanted.format.empty()) request.format = wanted.format;
    if (!wanted.tracks.empty()) request.tracks = wanted.tracks;
    request.segment_duration_ms = ms_of(wanted.segment_duration);
    request.preroll_ms = ms_of(wanted.preroll);
    request.max_duration_ms = ms_of(wanted.max_duration);
    request.client = who();
    const std::string path = stream_path(options.stream);
    return console.done(client.ask("record.start", control::encode(request, path)),
                        path + ": recording");
}

int stop(const Options& options, ApiClient& client, Console& console) {
    if (options.record.all) {
        const std::string body = client.ask_as_client("record.stop_all", {});
        const auto streams = understood(control::decode_stopped(body));
        if (console.json()) {
            console.body(body);
        } else {
            for (const std::string& stream : streams) console.result(printable(stream));
        }
        console.note(counted(streams.size(), "recording") + " stopped");
        return cli::kDone;
    }
    const std::string path = stream_path(options.stream);
    return console.done(client.ask_as_client("record.stop", path_object(path)),
                        path + ": no longer recorded");
}

std::vector<std::string> recording_row(const control::RecordStatus& one) {
    return {printable(one.stream),        printable(one.state),
            clock_text(one.duration_ms),  std::to_string(one.segments),
            std::to_string(one.pictures), human_bytes(one.bytes),
            std::to_string(one.dropped),  printable(one.started_by),
            printable(one.file),          printable(one.problem.value_or("-"))};
}

int list(ApiClient& client, Console& console) {
    return print_list(client, console,
                      {"record.list",
                       {{"STREAM"},
                        {"STATE"},
                        {"DURATION", true, 1},
                        {"SEGMENTS", true, 4},
                        {"PICTURES", true, 5},
                        {"SIZE", true, 2},
                        {"LOST", true, 3},
                        {"BY", false, 6},
                        {"FILE", false, 7},
                        {"PROBLEM", false, 0, 20}},
                       "no live stream is being recorded"},
                      control::decode_record_status, recording_row);
}

std::vector<std::string> segment_row(const control::StoredSegment& segment) {
    return {printable(segment.file), local_time(segment.start), clock_text(segment.duration_ms),
            human_bytes(segment.bytes),
            segment.is_open ? "growing"
            : segment.kept  ? "kept"
                            : "ready"};
}

int list_segments(const Options& options, ApiClient& client, Console& console) {
    const std::string path = stream_path(options.stream);
    return print_list(
        client, console,
        {"record.segments",
         {{"FILE", false, 0, 0, true}, {"START"}, {"LENGTH", true}, {"SIZE", true}, {"STATE"}},
         "no segments of " + path + " are stored"},
        control::decode_stored_segment, segment_row, path_object(path));
}

}  // namespace

int run_record(const Options& options, ApiClient& client, Console& console) {
    const std::string& what = options.command.back();
    if (what == "start") return start(options, client, console);
    if (what == "stop") return stop(options, client, console);
    if (!options.stream.empty()) return list_segments(options, client, console);
    return list(client, console);
}

}  // namespace st::streamctl
