#include "capture/refusals.h"

#include <chrono>

#include "base/clock.h"
#include "control/refusals.h"

namespace st::capture {

std::string sentence(const UnderWay& what, std::int64_t now_us) {
    const auto age = std::chrono::microseconds(now_us - what.since_us);
    return control::sentence(control::UnderWay{
        what.session, what.take, what.by, std::chrono::duration_cast<std::chrono::seconds>(age)});
}

control::StartResult already_recording(const std::string& camera, const UnderWay& what,
                                       const control::StartRequest& asked, std::int64_t now_us) {
    control::StartResult result;
    result.camera = camera;
    result.outcome = control::StartOutcome::already_recording;
    if (!what.session.empty()) result.session = what.session;
    if (!what.take.empty()) result.take = what.take;
    if (!what.by.empty()) result.started_by = what.by;
    if (what.since_us != 0) result.started_at = rfc3339(what.since_us);
    const bool differs = asked.parameters.given() && to_camera(asked.parameters) != what.parameters;
    if (asked.join && asked.take && *asked.take != what.take) {
        result.error = sentence(what, now_us) + "; it is not in take " + *asked.take;
    } else if (asked.join && differs) {
        result.error = sentence(what, now_us) + "; with other parameters";
    } else if (!asked.join) {
        result.error = sentence(what, now_us);
    }
    return result;
}

std::string no_such_camera(const std::string& name, const std::map<std::string, CameraEntry>& all) {
    return control::no_such_camera(name, nearest_name(all, name));
}

control::ApiError no_such_cameras(const std::vector<std::string>& missing,
                                  const std::map<std::string, CameraEntry>& all) {
    std::string text;
    for (const std::string& name : missing) {
        text += (text.empty() ? "" : "; ") + no_such_camera(name, all);
    }
    return {control::ErrorCode::not_found, text, "cameras"};
}

control::ApiError no_cameras() {
    return {control::ErrorCode::no_cameras, "no camera is connected", {}};
}

control::ApiError take_exists(const std::string& take) {
    return {control::ErrorCode::take_exists,
            "take " + take + " has recordings already, and they have all ended; choose another " +
                "name, or append to it",
            "take"};
}

camera::StartParameters to_camera(const control::StartParameters& asked) {
    camera::StartParameters parameters;
    if (asked.resolution)
        parameters.resolution = {asked.resolution->width, asked.resolution->height};
    if (asked.aspect) parameters.aspect = {asked.aspect->width, asked.aspect->height};
    if (asked.bitrate_bps) parameters.bitrate_bps = *asked.bitrate_bps;
    if (asked.fps) parameters.fps = *asked.fps;
    return parameters;
}

}  // namespace st::capture
