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

template <class Way, class Recording>
void list_recording(Way& way, Recording& recording) {
    field(way, "take", recording.take);
    field(way, "part", recording.part);
    field(way, "started_by", recording.started_by);
    field(way, "started_at", recording.started_at);
    field(way, "messages", recording.messages);
    field(way, "pictures", recording.pictures);
    field(way, "bytes", recording.bytes);
    field(way, "duration_ms", recording.duration_ms);
    field(way, "missing", recording.missing);
}

template <class Way, class Clock>
void list_clock(Way& way, Clock& clock) {
    field(way, "unit", clock.unit);
    field(way, "method", clock.method);
    field(way, "offset_us", clock.offset_us);
    field(way, "drift_ppm", clock.drift_ppm);
    field(way, "bound_us", clock.bound_us);
    field(way, "rtt_us", clock.rtt_us);
    field(way, "exchanges", clock.exchanges);
}

json::Object to_object(const RecordingNow& recording) {
    json::Object object;
    list_recording(object, recording);
    return object;
}

Decoded<RecordingNow> decode_recording_now(const json::Object& object) {
    ObjectReader reader(object, "recording");
    RecordingNow recording;
    list_recording(reader, recording);
    if (reader.failed()) return reader.error();
    return recording;
}

json::Object encode(const CameraClock& clock) {
    json::Object object;
    list_clock(object, clock);
    return object;
}

Decoded<CameraClock> decode_clock(const json::Object& object) {
    ObjectReader reader(object, "clock");
    CameraClock clock;
    list_clock(reader, clock);
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
