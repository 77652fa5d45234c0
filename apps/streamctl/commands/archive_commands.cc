#include <iostream>

#include "base/clock.h"
#include "base/name.h"
#include "base/units.h"
#include "base/when.h"
#include "control/archive_span.h"
#include "streamctl/client/fetch.h"
#include "streamctl/commands/listing.h"
#include "streamctl/commands/stream_path.h"
#include "streamctl/recordings/new_file.h"
#include "streamctl/recordings/select.h"
#include "streamctl/takes/films.h"

namespace st::streamctl {
namespace {

std::string length_of(const control::ArchiveSpan& span) {
    const auto start = parse_rfc3339(span.start);
    const auto end = parse_rfc3339(span.end);
    if (!start || !end || *end < *start) return "-";
    return clock_text(static_cast<std::uint64_t>((*end - *start) / 1000));
}

std::vector<std::string> span_row(const control::ArchiveSpan& span) {
    const std::string state = !span.is_ready ? (span.is_open ? "recording" : "no MP4")
                              : span.is_open ? "growing"
                                             : "ready";
    return {local_time(span.start), local_time(span.end), length_of(span), state};
}

int list_spans(const Options& options, ApiClient& client, Console& console) {
    const std::string stream = stream_path(options.stream);
    json::Object params = path_object(stream);
    if (options.recordings.since) params.set("since", *options.recordings.since);
    if (options.recordings.until) params.set("until", *options.recordings.until);
    return print_list(client, console,
                      {"archive.list",
                       {{"START"}, {"END"}, {"LENGTH", true}, {"STATE"}},
                       "nothing of " + stream + " is stored"},
                      control::decode_archive_span, span_row, std::move(params));
}

std::string moment_of(const ArchiveOptions& options, ApiClient& client) {
    if (options.take.empty()) {
        const auto when = parse_when(options.start, wall_us());
        if (!when) throw Failed(cli::kUsage, when.error().message);
        return rfc3339_us(*when);
    }
    const auto after = parse_duration(options.start);
    if (!after) throw Failed(cli::kUsage, after.error().message);
    return rfc3339_us(fetch_take(options.take, client).zero_wall_us +
                      std::chrono::microseconds(*after).count());
}

}  // namespace

int run_archive(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console) {
    if (options.archive.start.empty()) return list_spans(options, client, console);
    std::string path = "/api/v1/streams" + stream_path(options.stream) +
                       "/archive.mp4?start=" + options.archive.start + "&duration=" +
                       fixed(static_cast<double>(options.archive.duration->count()) / 1000, 3);
    if (options.archive.skips_gaps) path += "&gaps=skip";
    // Says in clear words what is wrong with the address, TLS or the token.
    client.connection();
    NewFile target(options.file);
    const auto head = fetch(client, interrupt, path, [&](Bytes bytes) { target.write(bytes); });
    target.keep();
    if (options.file == "-") return cli::kDone;
    if (const std::string* begin = head.find("X-Archive-Start")) {
        console.note("begins at " + local_time(*begin));
    }
    console.file(options.file, target.bytes());
    return cli::kDone;
}

int run_picture(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console) {
    const std::string file = options.picture_file.empty() ? "picture.jpg" : options.picture_file;
    refuse_used_name(file);
    const std::string moment = moment_of(options.archive, client);
    std::string what = options.stream;
    // Whose recording it is; a camera's name is none of a recording.
    if (const auto recording = find_recording(client, what)) what = recording->camera;
    const std::string path = "/api/v1/streams" + stream_path(what) + "/picture.jpg?at=" + moment;
    NewFile target(file);
    fetch(client, interrupt, path, [&](Bytes bytes) { target.write(bytes); });
    target.keep();
    if (file != "-") console.file(file, target.bytes());
    return cli::kDone;
}

}  // namespace st::streamctl
