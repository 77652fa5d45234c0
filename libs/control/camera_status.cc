#include "control/camera_status.h"

#include <cmath>

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

json::Object to_object(const RecordingNow& recording) {
    json::Object object;
    object.set("take", recording.take);
    object.set("part", recording.part);
    object.set("started_by", recording.started_by);
    object.set("started_at", recording.started_at);
    object.set("messages", recording.messages);
    object.set("pictures", recording.pictures);
    object.set("bytes", recording.bytes);
    object.set("duration_ms", recording.duration_ms);
    object.set("missing", recording.missing);
    return object;
}

Decoded<RecordingNow> decode_recording_now(const json::Object& object) {
    ObjectReader reader(object, "recording");
    RecordingNow recording;
    reader.read("take", recording.take);
    reader.read("part", recording.part);
    reader.read("started_by", recording.started_by);
    reader.read("started_at", recording.started_at);
    reader.read("messages", recording.messages);
    reader.read("pictures", recording.pictures);
    reader.read("bytes", recording.bytes);
    reader.read("duration_ms", recording.duration_ms);
    reader.read("missing", recording.missing);
    if (reader.failed()) return reader.error();
    return recording;
}

/// Two decimals; JSON has no NaN.
double rounded(double value) { return std::isfinite(value) ? std::round(value * 100) / 100 : 0; }

json::Object encode(const CameraClock& clock) {
    json::Object object;
    object.set("unit", clock.unit);
    object.set("method", clock.method);
    object.set("offset_us", clock.offset_us);
    object.set("drift_ppm", clock.drift_ppm);
    object.set("bound_us", clock.bound_us);
    object.set("rtt_us", clock.rtt_us);
    object.set("exchanges", clock.exchanges);
    return object;
}

Decoded<CameraClock> decode_clock(const json::Object& object) {
    ObjectReader reader(object, "clock");
    CameraClock clock;
    reader.read("unit", clock.unit);
    reader.read("method", clock.method);
    reader.read("offset_us", clock.offset_us);
    reader.read("drift_ppm", clock.drift_ppm);
    reader.read("bound_us", clock.bound_us);
    reader.read("rtt_us", clock.rtt_us);
    reader.read("exchanges", clock.exchanges);
    if (reader.failed()) return reader.error();
    return clock;
}

json::Object encode(const CameraHealth& health) {
    json::Object object;
    object.set("battery", health.battery);
    object.set("charging", health.charging);
    object.set("fps", health.fps);
    object.set("encoder_queue", health.encoder_queue);
    object.set("unsent", health.unsent);
    object.set("unsent_bytes", health.unsent_bytes);
    object.set("lost", health.lost);
    object.set("awake", health.awake);
    object.set("hidden", health.hidden);
    object.set("at", health.at);
    return object;
}

Decoded<CameraHealth> decode_health(const json::Object& object) {
    ObjectReader reader(object, "health");
    CameraHealth health;
    reader.read("battery", health.battery);
    reader.read("charging", health.charging);
    reader.read("fps", health.fps);
    reader.read("encoder_queue", health.encoder_queue);
    reader.read("unsent", health.unsent);
    reader.read("unsent_bytes", health.unsent_bytes);
    reader.read("lost", health.lost);
    reader.read("awake", health.awake);
    reader.read("hidden", health.hidden);
    reader.read("at", health.at);
    if (reader.failed()) return reader.error();
    return health;
}

}  // namespace

std::string_view to_text(CameraState state) { return text_of(kStates, state); }

std::string encode(const CameraStatus& camera) {
    json::Object object;
    object.set("name", camera.name);
    object.set("peer", camera.peer);
    object.set("path", camera.path);
    object.set("model", camera.model);
    object.set("state", std::string(to_text(camera.state)));
    object.set("session", camera.session);
    object.set("recording",
               camera.recording ? json::Value(to_object(*camera.recording)) : json::Value());
    object.set("width", camera.width);
    object.set("height", camera.height);
    object.set("codec", camera.codec);
    object.set("fps_1s", rounded(camera.fps_1s));
    object.set("bitrate_1s", camera.bitrate_1s);
    object.set("frames", camera.frames);
    object.set("bytes", camera.bytes);
    object.set("bad", camera.bad);
    object.set("clock", encode(camera.clock));
    object.set("health", camera.health ? json::Value(encode(*camera.health)) : json::Value());
    object.set("connected_at", camera.connected_at);
    object.set("last_seen", camera.last_seen);
    return json::write(object);
}

Decoded<CameraStatus> decode_camera(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    CameraStatus camera;
    reader.require("name");
    reader.require("state");
    reader.read("name", camera.name);
    reader.read("peer", camera.peer);
    reader.read("path", camera.path);
    reader.read("model", camera.model);
    read_enum(reader, "state", kStates, camera.state);
    reader.read("session", camera.session);
    if (const json::Object* found = reader.object("recording")) {
        const auto recording = decode_recording_now(*found);
        if (!recording) return recording.error();
        camera.recording = *recording;
    }
    reader.read("width", camera.width);
    reader.read("height", camera.height);
    reader.read("codec", camera.codec);
    reader.read("fps_1s", camera.fps_1s);
    reader.read("bitrate_1s", camera.bitrate_1s);
    reader.read("frames", camera.frames);
    reader.read("bytes", camera.bytes);
    reader.read("bad", camera.bad);
    if (const json::Object* clock = reader.object("clock")) {
        const auto read = decode_clock(*clock);
        if (!read) return read.error();
        camera.clock = *read;
    }
    if (const json::Object* health = reader.object("health")) {
        const auto read = decode_health(*health);
        if (!read) return read.error();
        camera.health = *read;
    }
    reader.read("connected_at", camera.connected_at);
    reader.read("last_seen", camera.last_seen);
    if (reader.failed()) return reader.error();
    return camera;
}

}  // namespace st::control
