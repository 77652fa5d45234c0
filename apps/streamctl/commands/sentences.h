#pragma once
/// What happened to cameras and recordings, in the words that people read. Pure.
#include <optional>
#include <string>

#include "control/camera_status.h"
#include "control/preview.h"
#include "control/recording.h"
#include "control/start.h"
#include "control/stop.h"

namespace st::streamctl {

/// Behind "door: ": "started door_20260131_081530", "already recording ..., started 12 s ago by
/// kim@desk", "refused to start: no lens".
std::string sentence(const control::StartResult& result);

/// Likewise: "stopped door_20260131_081530 (done)", "was not recording".
std::string sentence(const control::StopResult& result);

/// Likewise: "streams as /camera/door", "did not start: no lens".
std::string sentence(const control::PreviewResult& result);

/// Why a recording ended: "stopped by kim@desk", "the camera stopped by itself".
std::string end_sentence(const control::Recording& recording);
/// The server went on with the camera in a new recording at once, and nothing is lost between them.
bool has_rolled_over(const control::Recording& recording);

/// Of a battery at 15 % or less that is not known to charge: "its battery is at 12 % and does not
/// charge". nullopt: it lasts, as far as the camera said.
std::optional<std::string> battery_sentence(const control::CameraStatus& camera);

/// "21 messages missing, 1 damaged place in door_20260131_081530"
std::string losses_text(const control::StopResult& result);
bool has_losses(const control::StopResult& result);
/// The camera dropped out and was started again: what it took meanwhile is in none of its parts.
bool was_away(const control::StopResult& result);

}  // namespace st::streamctl
