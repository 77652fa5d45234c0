#pragma once
/// What happened to cameras and recordings, in the words that people read. Pure.
#include <optional>
#include <string>
#include <string_view>

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

/// What the end of a recording means for its camera, while nobody stops what was started.
enum class RecordingEnd {
    open,         ///< it has none yet
    rolled_over,  ///< goes on in a new recording at once, and nothing is lost between them
    dropped,      ///< goes on in a new recording when the camera is back
    no_room,      ///< the disk refused: goes on in a new recording when there is room
    over,
};
/// `reason`: end_reason, as in session.json; "" of one that records.
RecordingEnd end_of(std::string_view reason);
RecordingEnd end_of(const control::Recording& recording);

/// Whether that end is a failure of the camera, its connection or the server.
bool is_failure(std::string_view reason);

/// Why a recording ended: "stopped by kim@desk", "the camera stopped by itself". `reason`: as in
/// session.json. `stopped_by`: "" if it is not known.
std::string end_words(std::string_view reason, const std::string& stopped_by);
/// The same with what the disk said.
std::string end_sentence(const control::Recording& recording);

/// Of a camera that may come back.
inline constexpr char kConnectionLost[] = "lost its connection; recording goes on when it is back";
inline constexpr char kWaitsForRoom[] = "; recording goes on when there is room";

/// Of a battery at 15 % or less that is not known to charge: "its battery is at 12 % and is not
/// charging". nullopt: it lasts, as far as the camera said.
std::optional<std::string> battery_sentence(const control::CameraStatus& camera);
/// Of such a battery: it is so low that the device may switch off at any moment.
bool is_battery_empty(const control::CameraStatus& camera);

/// "21 messages missing, 1 damaged place in door_20260131_081530"
std::string losses_text(const control::StopResult& result);
bool has_losses(const control::StopResult& result);
/// The camera dropped out and was started again: what it took meanwhile is in none of its parts.
bool was_away(const control::StopResult& result);

}  // namespace st::streamctl
