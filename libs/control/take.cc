#include "control/take.h"

#include "control/fields.h"

namespace st::control {
namespace {

constexpr auto kRecording = [](auto& way, auto& recording) {
    field(way, "id", recording.id);
    field(way, "camera", recording.camera);
    field(way, "file", recording.file);
    field(way, "pictures", recording.pictures);
    field(way, "duration_ms", recording.duration_ms);
    field(way, "begins_us", recording.begins_us);
    field(way, "error_ms", recording.error_ms);
    field(way, "clock_error_ms", recording.clock_error_ms);
    field(way, "network_error_ms", recording.network_error_ms);
    field(way, "was_pinged", recording.was_pinged);
    field(way, "camera_error_ms", recording.camera_error_ms);
    field(way, "clock_offset_us", recording.clock_offset_us);
    field(way, "clock_drift_ppm", recording.clock_drift_ppm);
};

constexpr auto kTake = [](auto& way, auto& take) {
    fixed_field(way, "version", 1);
    field(way, "take", take.name);
    field(way, "zero", take.zero);
    field(way, "error_ms", take.error_ms);
    objects_field(way, "recordings", take.recordings, kRecording);
};

}  // namespace

std::string encode(const Take& take) { return write_fields(take, kTake); }

}  // namespace st::control
