#include "control/take.h"

#include "control/fields.h"

namespace st::control {
namespace {

using json::Object;

Object to_object(const TakeRecording& recording) {
    Object object;
    object.set("id", recording.id);
    object.set("camera", recording.camera);
    object.set("file", recording.file);
    object.set("pictures", recording.pictures);
    object.set("duration_ms", recording.duration_ms);
    object.set("begins_us", recording.begins_us);
    object.set("error_ms", recording.error_ms);
    object.set("clock_error_ms", recording.clock_error_ms);
    object.set("network_error_ms", recording.network_error_ms);
    object.set("was_pinged", recording.was_pinged);
    object.set("camera_error_ms", recording.camera_error_ms);
    object.set("clock_offset_us", recording.clock_offset_us);
    object.set("clock_drift_ppm", recording.clock_drift_ppm);
    return object;
}

}  // namespace

std::string encode(const Take& take) {
    json::Array recordings;
    for (const TakeRecording& recording : take.recordings)
        recordings.push_back(to_object(recording));
    Object object;
    object.set("version", 1);
    object.set("take", take.name);
    object.set("zero", take.zero);
    object.set("error_ms", take.error_ms);
    object.set("recordings", recordings);
    return json::write(object);
}

Decoded<Take> decode_take(std::string_view text) {
    const auto object = parse_object(text, kReply);
    if (!object) return object.error();
    ObjectReader reader(*object);
    Take take;
    reader.require("zero");
    reader.require("recordings");
    reader.read("take", take.name);
    reader.read("zero", take.zero);
    reader.read("error_ms", take.error_ms);
    for (const Object* item : reader.objects("recordings")) {
        ObjectReader fields(*item, "recordings[" + std::to_string(take.recordings.size()) + "]");
        TakeRecording recording;
        for (const char* name : {"id", "camera", "file", "begins_us"}) fields.require(name);
        fields.read("id", recording.id);
        fields.read("camera", recording.camera);
        fields.read("file", recording.file);
        fields.read("pictures", recording.pictures);
        fields.read("duration_ms", recording.duration_ms);
        fields.read("begins_us", recording.begins_us);
        fields.read("error_ms", recording.error_ms);
        fields.read("clock_error_ms", recording.clock_error_ms);
        fields.read("network_error_ms", recording.network_error_ms);
        fields.read("was_pinged", recording.was_pinged);
        fields.read("camera_error_ms", recording.camera_error_ms);
        fields.read("clock_offset_us", recording.clock_offset_us);
        fields.read("clock_drift_ppm", recording.clock_drift_ppm);
        if (fields.failed()) return fields.error();
        take.recordings.push_back(std::move(recording));
    }
    if (reader.failed()) return reader.error();
    return take;
}

}  // namespace st::control
