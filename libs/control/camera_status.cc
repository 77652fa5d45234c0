#include "control/camera_status.h"

#include "control/fields.h"

namespace st::control {
namespace {

constexpr TextTable<CameraState, 7> kStates = {{
    {CameraState::idle, "idle"},
    {CameraState::starting, "starting"},
    {CameraState::previewing, "previewing"},
    {CameraState::recording, "recording"},
    {CameraState::stopping, "stopping"},
    {CameraState::finalising, "finalising"},
    {CameraState::gone, "gone"},
}};

constexpr auto kRecording = [](auto& way, auto& recording) {
    field(way, "take", recording.take);
    field(way, "part", recording.part);
    field(way, "started_by", recording.started_by);
    field(way, "started_at", recording.started_at);
    field(way, "messages", recording.messages);
    field(way, "pictures", recording.pictures);
    field(way, "bytes", recording.bytes);
    field(way, "duration_ms", recording.duration_ms);
    field(way, "missing", recording.missing);
};

constexpr auto kClock = [](auto& way, auto& clock) {
    field(way, "unit", clock.unit);
    field(way, "method", clock.method);
    field(way, "offset_us", clock.offset_us);
    field(way, "drift_ppm", clock.drift_ppm);
    field(way, "bound_us", clock.bound_us);
    field(way, "rtt_us", clock.rtt_us);
    field(way, "exchanges", clock.exchanges);
};

constexpr auto kHealth = [](auto& way, auto& health) {
    field(way, "battery", health.battery);
    field(way, "charging", health.charging);
    field(way, "fps", health.fps);
    field(way, "encoder_queue", health.encoder_queue);
    field(way, "unsent", health.unsent);
    field(way, "unsent_bytes", health.unsent_bytes);
    field(way, "lost", health.lost);
    field(way, "awake", health.awake);
    field(way, "hidden", health.hidden);
    field(way, "at", health.at);
};

constexpr auto kCamera = [](auto& way, auto& camera) {
    required(way, "name", camera.name);
    field(way, "peer", camera.peer);
    field(way, "path", camera.path);
    field(way, "model", camera.model);
    require(way, "state");
    word_field(way, "state", camera.state, kStates);
    field(way, "session", camera.session);
    object_field(way, "recording", camera.recording, kRecording);
    field(way, "width", camera.width);
    field(way, "height", camera.height);
    field(way, "codec", camera.codec);
    rounded_field(way, "fps_1s", camera.fps_1s);
    field(way, "bitrate_1s", camera.bitrate_1s);
    field(way, "frames", camera.frames);
    field(way, "bytes", camera.bytes);
    field(way, "bad", camera.bad);
    object_field(way, "clock", camera.clock, kClock);
    object_field(way, "health", camera.health, kHealth);
    field(way, "connected_at", camera.connected_at);
    field(way, "last_seen", camera.last_seen);
};

}  // namespace

std::string_view to_text(CameraState state) { return text_of(kStates, state); }

std::string encode(const CameraStatus& camera) { return write_fields(camera, kCamera); }

Decoded<CameraStatus> decode_camera(std::string_view body) {
    return read_fields<CameraStatus>(body, kCamera);
}

}  // namespace st::control
