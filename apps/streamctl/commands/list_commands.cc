#include <algorithm>
#include <iterator>

#include "base/units.h"
#include "control/camera_status.h"
#include "streamctl/commands/commands.h"
#include "streamctl/console/table.h"

namespace st::streamctl {
namespace {

constexpr double kMega = 1e6;

std::string size_of(const control::CameraStatus& camera) {
    if (!camera.width || !camera.height) return "-";
    return std::to_string(*camera.width) + "x" + std::to_string(*camera.height);
}

void show(Console& console, const char* name, const std::string& value) {
    console.result(std::string(name) + ": " + value);
}

void show_camera(const control::CameraStatus& camera, Console& console) {
    show(console, "name", camera.name);
    show(console, "state", std::string(to_text(camera.state)));
    show(console, "session", camera.session.value_or("-"));
    show(console, "model", camera.model.value_or("-"));
    show(console, "peer", camera.peer);
    show(console, "path", camera.path);
    show(console, "size", size_of(camera));
    show(console, "pictures in the last second", fixed(camera.fps_1s, 2));
    show(console, "bits in the last second", std::to_string(camera.bitrate_1s));
    show(console, "messages", std::to_string(camera.frames));
    show(console, "bytes", std::to_string(camera.bytes));
    show(console, "malformed messages", std::to_string(camera.bad));
    show(console, "connected at", camera.connected_at);
    show(console, "last seen", camera.last_seen);
}

void show_cameras(const control::List& list, Console& console) {
    Table table({{"NAME"},
                 {"STATE"},
                 {"SIZE"},
                 {"FPS", true},
                 {"MBIT/S", true},
                 {"MESSAGES", true},
                 {"BAD", true},
                 {"PEER"},
                 {"SESSION"}});
    for (const std::string& item : list.items) {
        const auto camera = understood(control::decode_camera(item));
        table.add({camera.name, std::string(to_text(camera.state)), size_of(camera),
                   fixed(camera.fps_1s, 1),
                   fixed(static_cast<double>(camera.bitrate_1s) / kMega, 2),
                   std::to_string(camera.frames), std::to_string(camera.bad), camera.peer,
                   camera.session.value_or("-")});
    }
    if (list.items.empty())
        console.note("no camera is connected");
    else
        table.print(std::cout);
}

std::string first_mp4(const control::Recording& recording) {
    for (const control::RecordingFile& file : recording.files) {
        if (file.kind == "mp4") return recording.directory + "/" + file.name;
    }
    return "-";
}

}  // namespace

int run_cameras(const Options& options, ApiClient& client, Console& console) {
    const std::string body =
        options.camera.empty() ? client.cameras() : client.camera(options.camera);
    if (options.camera.empty()) {
        const auto list = understood(control::decode_list(body));
        if (console.json())
            console.body(body);
        else
            show_cameras(list, console);
    } else {
        const auto camera = understood(control::decode_camera(body));
        if (console.json())
            console.body(body);
        else
            show_camera(camera, console);
    }
    return cli::kDone;
}

int run_kick(const Options& options, ApiClient& client, Console& console) {
    const std::string body = client.kick(options.camera);
    if (console.json()) console.body(body);
    console.note(options.camera + ": its connection was closed");
    return cli::kDone;
}

std::vector<std::string> all_recordings(ApiClient& client, control::RecordingQuery query) {
    std::vector<std::string> all;
    for (bool more = true; more;) {
        auto list = understood(control::decode_list(client.recordings(query)));
        // A page that brings nothing new must not go round for ever.
        more = list.next && list.next != query.cursor && !list.items.empty();
        query.cursor = list.next;
        std::ranges::move(list.items, std::back_inserter(all));
    }
    return all;
}

int run_recordings(const Options& options, ApiClient& client, Console& console) {
    Table table({{"ID"},
                 {"STATE"},
                 {"PICTURES", true},
                 {"DURATION", true},
                 {"FPS", true},
                 {"MBIT/S", true},
                 {"SIZE", true},
                 {"MP4"}});
    const control::List all{all_recordings(client, options.recordings), {}};
    if (console.json()) {
        console.body(control::encode(all));
        return cli::kDone;
    }
    for (const std::string& item : all.items) {
        const auto recording = understood(control::decode_recording(item));
        table.add({recording.id, std::string(to_text(recording.state)),
                   std::to_string(recording.pictures), clock_text(recording.duration_ms),
                   fixed(recording.fps, 2),
                   fixed(static_cast<double>(recording.bitrate_bps) / kMega, 2),
                   human_bytes(recording.bytes), first_mp4(recording)});
    }
    if (all.items.empty())
        console.note("no recordings");
    else
        table.print(std::cout);
    return cli::kDone;
}

int run_delete(const Options& options, ApiClient& client, Console& console) {
    const std::string body = client.delete_recording(options.recording_id);
    if (console.json()) console.body(body);
    console.note(options.recording_id + ": deleted");
    return cli::kDone;
}

}  // namespace st::streamctl
