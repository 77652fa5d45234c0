#include <cmath>

#include "base/units.h"
#include "control/camera_status.h"
#include "control/rename.h"
#include "streamctl/client/printable.h"
#include "streamctl/client/who.h"
#include "streamctl/commands/listing.h"

namespace st::streamctl {
namespace {

constexpr double kMega = 1e6;

std::string size_of(const control::CameraStatus& camera) {
    if (!camera.width || !camera.height) return "-";
    return size_text(*camera.width, *camera.height);
}

std::string clock_of(const control::CameraClock& clock) {
    const std::string unit = "in " + unit_text(clock.unit);
    if (!clock.bound_us) return unit + "; its offset is not known";
    return unit + "; known to ±" + fixed(static_cast<double>(*clock.bound_us) / 1000, 3) +
           " ms by " + counted(clock.exchanges, "exchange") + ", " +
           std::to_string(clock.drift_ppm.value_or(0)) + " ppm, round trip " +
           fixed(static_cast<double>(clock.rtt_us.value_or(0)) / 1000, 3) + " ms";
}

/// What it records at present.
void show_recording(const control::RecordingNow& now, Console& console) {
    if (now.take) console.field("take", *now.take);
    if (now.part > 1) console.field("part", std::to_string(now.part));
    console.field("started", local_time(now.started_at) +
                                 (now.started_by ? " by " + printable(*now.started_by) : ""));
    console.field("recorded", clock_text(now.duration_ms) + ", " +
                                  counted(now.pictures, "picture") + ", " + human_bytes(now.bytes) +
                                  ", " + std::to_string(now.missing) + " lost");
}

std::string battery_of(const control::CameraStatus& camera) {
    if (!camera.health || !camera.health->battery) return {};
    std::string share = std::to_string(std::lround(*camera.health->battery * 100)) + " %";
    if (!camera.health->charging) return share;
    return share + (*camera.health->charging ? ", charging" : ", not charging");
}

void show_camera(const control::CameraStatus& camera, Console& console) {
    console.field("name", camera.name);
    console.field("state", std::string(to_text(camera.state)));
    console.field("recording", camera.session.value_or("-"));
    console.field("model", camera.model.value_or("-"));
    console.field("peer", camera.peer);
    console.field("path", camera.path);
    if (camera.recording) show_recording(*camera.recording, console);
    console.field("size", size_of(camera));
    console.field("pictures in the last second", fixed(camera.fps_1s, 2));
    console.field("Mbit/s in the last second",
                  fixed(static_cast<double>(camera.bitrate_1s) / kMega, 2));
    console.field("received", counted(camera.frames, "message") + ", " + human_bytes(camera.bytes) +
                                  ", " + std::to_string(camera.bad) + " malformed");
    console.field("clock", clock_of(camera.clock));
    if (const std::string battery = battery_of(camera); !battery.empty())
        console.field("battery", battery);
    console.field("connected at", local_time(camera.connected_at));
    console.field("last seen", local_time(camera.last_seen));
}

std::vector<std::string> camera_row(const control::CameraStatus& camera) {
    return {camera.name,
            std::string(to_text(camera.state)),
            size_of(camera),
            fixed(camera.fps_1s, 1),
            fixed(static_cast<double>(camera.bitrate_1s) / kMega, 2),
            std::to_string(camera.frames),
            std::to_string(camera.bad),
            camera.peer,
            camera.session.value_or("-")};
}

}  // namespace

int run_cameras(const Options& options, ApiClient& client, Console& console) {
    if (options.camera.empty()) {
        return print_list(client, console,
                          {"cameras.list",
                           {{"NAME"},
                            {"STATE"},
                            {"SIZE", false, 3},
                            {"FPS", true, 1},
                            {"MBIT/S", true, 3},
                            {"MESSAGES", true, 4},
                            {"BAD", true, 5},
                            {"PEER", false, 6},
                            {"RECORDING", false, 2}},
                           "no camera is connected"},
                          control::decode_camera, camera_row);
    }
    const std::string body = client.ask("cameras.get", json::Object{{"name", options.camera}});
    const auto camera = understood(control::decode_camera(body));
    if (console.json())
        console.body(body);
    else
        show_camera(camera, console);
    return cli::kDone;
}

int run_kick(const Options& options, ApiClient& client, Console& console) {
    return console.done(
        client.ask_as_client("cameras.kick", json::Object{{"name", options.camera}}),
        options.camera + ": connection closed");
}

int run_rename(const Options& options, ApiClient& client, Console& console) {
    const control::RenameRequest request{options.camera, options.new_name, who()};
    return console.done(client.ask("cameras.rename", encode(request)),
                        options.camera + " is called " + options.new_name + " from now on");
}

}  // namespace st::streamctl
