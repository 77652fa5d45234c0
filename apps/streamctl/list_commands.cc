#include <algorithm>
#include <iterator>

#include "base/units.h"
#include "commands.h"
#include "control/camera_status.h"
#include "table.h"

namespace st::streamctl {
namespace {

constexpr double kMega = 1e6;

std::string size_of(const control::CameraStatus& camera) {
    if (!camera.width || !camera.height) return "-";
    return std::to_string(*camera.width) + "x" + std::to_string(*camera.height);
}

void show(Talk& talk, const char* name, const std::string& value) {
    talk.result(std::string(name) + ": " + value);
}

void show_camera(const control::CameraStatus& camera, Talk& talk) {
    show(talk, "name", camera.name);
    show(talk, "state", std::string(to_text(camera.state)));
    show(talk, "session", camera.session.value_or("-"));
    show(talk, "model", camera.model.value_or("-"));
    show(talk, "peer", camera.peer);
    show(talk, "path", camera.path);
    show(talk, "size", size_of(camera));
    show(talk, "pictures in the last second", fixed(camera.fps_1s, 2));
    show(talk, "bits in the last second", std::to_string(camera.bitrate_1s));
    show(talk, "messages", std::to_string(camera.frames));
    show(talk, "bytes", std::to_string(camera.bytes));
    show(talk, "malformed messages", std::to_string(camera.bad));
    show(talk, "connected at", camera.connected_at);
    show(talk, "last seen", camera.last_seen);
}

void show_cameras(const control::List& list, Talk& talk) {
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
        talk.note("no camera is connected");
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

int run_cameras(const Options& options, Door& door, Talk& talk) {
    const std::string body = options.camera.empty() ? door.cameras() : door.camera(options.camera);
    if (options.camera.empty()) {
        const auto list = understood(control::decode_list(body));
        if (talk.json())
            talk.body(body);
        else
            show_cameras(list, talk);
    } else {
        const auto camera = understood(control::decode_camera(body));
        if (talk.json())
            talk.body(body);
        else
            show_camera(camera, talk);
    }
    return cli::kDone;
}

int run_kick(const Options& options, Door& door, Talk& talk) {
    const std::string body = door.kick(options.camera);
    if (talk.json()) talk.body(body);
    talk.note(options.camera + ": its connection was closed");
    return cli::kDone;
}

std::vector<std::string> all_recordings(Door& door, control::RecordingQuery query) {
    std::vector<std::string> all;
    for (bool more = true; more;) {
        auto list = understood(control::decode_list(door.recordings(query)));
        // A page that brings nothing new must not go round for ever.
        more = list.next && list.next != query.cursor && !list.items.empty();
        query.cursor = list.next;
        std::ranges::move(list.items, std::back_inserter(all));
    }
    return all;
}

int run_recordings(const Options& options, Door& door, Talk& talk) {
    Table table({{"ID"},
                 {"STATE"},
                 {"PICTURES", true},
                 {"DURATION", true},
                 {"FPS", true},
                 {"MBIT/S", true},
                 {"SIZE", true},
                 {"MP4"}});
    const control::List all{all_recordings(door, options.recordings), {}};
    if (talk.json()) {
        talk.body(control::encode(all));
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
        talk.note("no recordings");
    else
        table.print(std::cout);
    return cli::kDone;
}

int run_delete(const Options& options, Door& door, Talk& talk) {
    const std::string body = door.delete_recording(options.recording_id);
    if (talk.json()) talk.body(body);
    talk.note(options.recording_id + ": deleted");
    return cli::kDone;
}

}  // namespace st::streamctl
