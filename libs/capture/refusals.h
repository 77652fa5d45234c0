#pragma once
/// Why a start is refused, in the words that people read. Pure but for the wall clock.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "camera/message.h"
#include "capture/cameras.h"
#include "control/error.h"
#include "control/start.h"
#include "control/stop.h"

namespace st::capture {

/// What a camera records already, or is being started for.
struct UnderWay {
    std::string session;  ///< "": its folder is not made yet
    std::string take;     ///< "": none
    std::string by;       ///< "user@host"; "": the camera began by itself
    std::int64_t since_us = 0;
    camera::StartParameters parameters;
};

/// "already recording door_20260131_081530 (take walk1), started 12 s ago by kim@desk"
std::string sentence(const UnderWay& what, std::int64_t now_us);

/// The result of a start that found this. With `join` it has an error only if it is not what was
/// asked for: another take, or other parameters.
control::StartResult already_recording(const std::string& camera, const UnderWay& what,
                                       const control::StartRequest& asked, std::int64_t now_us);

/// "no such camera: dor (did you mean door?)"
std::string no_such_camera(const std::string& name, const std::map<std::string, CameraEntry>& all);
control::ApiError no_such_cameras(const std::vector<std::string>& missing,
                                  const std::map<std::string, CameraEntry>& all);
control::ApiError no_cameras();
control::ApiError take_exists(const std::string& take);

/// What is sent to a camera for what a request asked.
camera::StartParameters to_camera(const control::StartParameters& asked);

}  // namespace st::capture
