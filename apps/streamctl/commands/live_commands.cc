/// Live streams, who watches them, and what they are made of.

#include "base/encodings.h"
#include "base/units.h"
#include "control/source_status.h"
#include "control/stream_status.h"
#include "streamctl/client/printable.h"
#include "streamctl/commands/listing.h"
#include "streamctl/commands/stream_path.h"
#include "streamctl/recordings/new_file.h"

namespace st::streamctl {
namespace {

std::string video_of(const control::StreamStatus& stream) {
    if (!stream.video) return "-";
    if (!stream.video->width || !stream.video->height) return printable(stream.video->codec);
    return printable(stream.video->codec) + " " +
           size_text(*stream.video->width, *stream.video->height);
}

std::string audio_of(const control::StreamStatus& stream) {
    if (!stream.audio) return "-";
    if (!stream.audio->sample_rate) return printable(stream.audio->codec);
    return printable(stream.audio->codec) + " " + std::to_string(*stream.audio->sample_rate) +
           " Hz";
}

std::string mbit(std::uint64_t bits) { return fixed(static_cast<double>(bits) / 1e6, 2); }

void show_stream(const control::StreamStatus& stream, Console& console) {
    console.field("path", printable(stream.path));
    console.field("state", control::to_text(stream));
    if (stream.problem) console.field("problem", printable(*stream.problem));
    console.field("publisher", printable(stream.protocol + " " + stream.peer));
    console.field("since", stream.since ? local_time(*stream.since) : "-");
    console.field("video", video_of(stream));
    console.field("audio", audio_of(stream));
    console.field("pictures per second",
                  fixed(stream.fps_1s, 2) + " (10 s: " + fixed(stream.fps_10s, 2) + ")");
    console.field("Mbit/s", mbit(stream.bitrate_1s) + " (10 s: " + mbit(stream.bitrate_10s) + ")");
    console.field("between key frames",
                  fixed(static_cast<double>(stream.key_interval_ms) / 1000, 2) + " s");
    console.field("received",
                  std::to_string(stream.packets) + " packets, " + human_bytes(stream.bytes));
    console.field("clock jumps", std::to_string(stream.clock_jumps));
    console.field("viewers", std::to_string(stream.viewers));
    console.field("dropped for them", std::to_string(stream.dropped) + " packets");
    console.field("longest queue", human_bytes(stream.queue_bytes_max));
    console.field("kept for new viewers", std::to_string(stream.gop_packets) + " packets, " +
                                              human_bytes(stream.gop_bytes));
}

std::vector<std::string> stream_row(const control::StreamStatus& stream) {
    return {printable(stream.path),
            control::to_text(stream),
            stream.protocol.empty() ? "-" : printable(stream.protocol),
            video_of(stream),
            audio_of(stream),
            fixed(stream.fps_1s, 1),
            mbit(stream.bitrate_1s),
            std::to_string(stream.viewers),
            std::to_string(stream.dropped)};
}

std::vector<std::string> viewer_row(const control::ViewerStatus& viewer) {
    return {std::to_string(viewer.id),      printable(viewer.stream),
            printable(viewer.protocol),     printable(viewer.peer),
            local_time(viewer.since),       human_bytes(viewer.bytes),
            std::to_string(viewer.dropped), human_bytes(viewer.queue_bytes)};
}

std::vector<std::string> source_row(const control::SourceStatus& source) {
    return {printable(source.path),
            std::string(to_text(source.state)),
            std::to_string(source.viewers),
            source.uptime_ms ? clock_text(*source.uptime_ms) : "-",
            std::to_string(source.restarts),
            printable(source.input),
            printable(source.last_error.value_or("-"))};
}

int run_streams(const Options& options, ApiClient& client, Console& console) {
    if (!options.stream.empty()) {
        const std::string body =
            client.ask("streams.get", path_object(stream_path(options.stream)));
        const auto stream = understood(control::decode_stream_status(body));
        if (console.json())
            console.body(body);
        else
            show_stream(stream, console);
        return cli::kDone;
    }
    return print_list(client, console,
                      {"streams.list",
                       {{"PATH", false, 0, 0, true},
                        {"STATE", false, 2},
                        {"FROM", false, 5},
                        {"VIDEO", false, 4},
                        {"AUDIO", false, 7},
                        {"FPS", true, 3},
                        {"MBIT/S", true, 6},
                        {"VIEWERS", true, 1},
                        {"DROPPED", true, 8}},
                       "no live streams"},
                      control::decode_stream_status, stream_row);
}

int run_viewers(ApiClient& client, Console& console) {
    return print_list(client, console,
                      {"viewers.list",
                       {{"ID", true},
                        {"STREAM"},
                        {"PROTOCOL", false, 4},
                        {"PEER", false, 1},
                        {"SINCE", false, 5},
                        {"RECEIVED", true, 3},
                        {"DROPPED", true, 2},
                        {"WAITING", true, 6}},
                       "no viewers"},
                      control::decode_viewer_status, viewer_row);
}

int run_sources(ApiClient& client, Console& console) {
    return print_list(client, console,
                      {"sources.list",
                       {{"PATH"},
                        {"STATE"},
                        {"VIEWERS", true, 2},
                        {"UP", true, 3},
                        {"RESTARTS", true, 4},
                        {"INPUT", false, 5},
                        {"LAST ERROR", false, 1}},
                       "no on-demand sources are configured"},
                      control::decode_source_status, source_row);
}

int run_snapshot(const Options& options, ApiClient& client, Console& console) {
    const std::string path = stream_path(options.stream);
    const std::string file = options.picture_file.empty()
                                 ? path.substr(path.rfind('/') + 1) + ".jpg"
                                 : options.picture_file;
    refuse_used_name(file);
    const std::string body =
        client.ask("streams.snapshot", path_object(stream_path(options.stream)));
    const auto snapshot = understood(control::decode_snapshot(body));
    const auto picture = base64_decode(snapshot.data);
    if (!picture || picture->empty())
        throw Failed(cli::kRefused, "the server sent an empty picture");
    NewFile target(file);
    target.write(*picture);
    target.keep();
    if (file != "-") console.file(file, target.bytes());
    return cli::kDone;
}

}  // namespace

std::optional<int> run_live(const Options& options, ApiClient& client, Console& console) {
    const std::string& command = options.command.front();
    if (command == "streams") return run_streams(options, client, console);
    if (command == "viewers") return run_viewers(client, console);
    if (command == "sources") return run_sources(client, console);
    if (command == "record") return run_record(options, client, console);
    if (command == "snapshot") return run_snapshot(options, client, console);
    if (command == "kick-stream") {
        return console.done(
            client.ask_as_client("streams.kick", path_object(stream_path(options.stream))),
            options.stream + ": the publisher's connection was closed");
    }
    if (command == "restart-source") {
        return console.done(
            client.ask_as_client("sources.restart", path_object(stream_path(options.stream))),
            options.stream + ": restarts as soon as somebody watches");
    }
    if (command == "kick-viewer") {
        return console.done(
            client.ask_as_client("viewers.kick", json::Object{{"id", *options.viewer_id}}),
            "viewer " + std::to_string(*options.viewer_id) + ": connection closed");
    }
    return std::nullopt;
}

}  // namespace st::streamctl
