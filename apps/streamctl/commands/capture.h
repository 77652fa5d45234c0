#pragma once
/// What start and capture share.
#include <map>
#include <string>
#include <vector>

#include "control/camera_status.h"
#include "streamctl/commands/commands.h"

namespace st::streamctl {

bool is_recording(const control::StartResult& result);
std::map<std::string, control::CameraStatus> cameras_by_name(ApiClient& client);
/// Of the connected cameras those that these names and patterns mean; all if there are none.
std::map<std::string, control::CameraStatus> meant_cameras(ApiClient& client,
                                                           const std::vector<std::string>& cameras);

}  // namespace st::streamctl
