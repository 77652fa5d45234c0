#include "control/status.h"

#include "control/fields.h"

namespace st::control {

using json::Object;

std::string encode(const ServerStatus& status) {
    Object cameras;
    cameras.set("connected", status.cameras_connected);
    cameras.set("recording", status.cameras_recording);
    cameras.set("finalising", status.sessions_finalising);
    Object recordings;
    recordings.set("path", status.recordings_path);
    recordings.set("disk_free_bytes", status.disk_free_bytes);
    recordings.set("disk_total_bytes", status.disk_total_bytes);
    recordings.set("bytes_per_second", status.bytes_per_second);
    recordings.set("disk_seconds_left", status.disk_seconds_left);
    recordings.set("warn_free_ms", status.warn_free_ms);
    json::Array loops;
    for (const LoopStatus& loop : status.loops) {
        Object object;
        object.set("connections", loop.connections);
        object.set("busy_max_us", loop.busy_max_us);
        loops.push_back(object);
    }
    Object object;
    object.set("version", status.version);
    object.set("started_at", status.started_at);
    object.set("uptime_ms", status.uptime_ms);
    object.set("connections", status.connections);
    object.set("cameras", cameras);
    object.set("frames", status.frames);
    object.set("bytes", status.bytes);
    object.set("bad", status.bad);
    object.set("recordings", recordings);
    object.set("urls", to_array(status.urls));
    object.set("loops", loops);
    return json::write(object);
}

Decoded<ServerStatus> decode_status(std::string_view body) {
    const auto object = parse_object(body, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    ServerStatus status;
    reader.require("version");
    reader.read("version", status.version);
    reader.read("started_at", status.started_at);
    reader.read("uptime_ms", status.uptime_ms);
    reader.read("connections", status.connections);
    reader.read("frames", status.frames);
    reader.read("bytes", status.bytes);
    reader.read("bad", status.bad);
    reader.read("urls", status.urls);
    if (const Object* found = reader.object("cameras")) {
        ObjectReader cameras(*found, "cameras");
        cameras.read("connected", status.cameras_connected);
        cameras.read("recording", status.cameras_recording);
        cameras.read("finalising", status.sessions_finalising);
        if (cameras.failed()) return cameras.error();
    }
    if (const Object* found = reader.object("recordings")) {
        ObjectReader recordings(*found, "recordings");
        recordings.read("path", status.recordings_path);
        recordings.read("disk_free_bytes", status.disk_free_bytes);
        recordings.read("disk_total_bytes", status.disk_total_bytes);
        recordings.read("bytes_per_second", status.bytes_per_second);
        recordings.read("disk_seconds_left", status.disk_seconds_left);
        recordings.read("warn_free_ms", status.warn_free_ms);
        if (recordings.failed()) return recordings.error();
    }
    for (const Object* item : reader.objects("loops")) {
        ObjectReader fields(*item, "loops[" + std::to_string(status.loops.size()) + "]");
        LoopStatus loop;
        fields.read("connections", loop.connections);
        fields.read("busy_max_us", loop.busy_max_us);
        if (fields.failed()) return fields.error();
        status.loops.push_back(loop);
    }
    if (reader.failed()) return reader.error();
    return status;
}

}  // namespace st::control
