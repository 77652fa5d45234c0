#pragma once
/// What start, capture and take share.
#include <map>
#include <string>
#include <vector>

#include "control/camera_status.h"
#include "streamctl/commands/commands.h"

namespace st::streamctl {

struct Captured {
    int exit_code = 0;
    bool has_recorded = false;  ///< there is a recording that it began itself
};
/// What `capture` does, and `take run` with its cameras.
Captured capture(const Options& options, ApiClient& client, Interrupt& interrupt, Console& console);

bool is_recording(const control::StartResult& result);
std::map<std::string, control::CameraStatus> cameras_by_name(ApiClient& client);
/// Of the connected cameras those that these names and patterns mean; all if there are none.
std::map<std::string, control::CameraStatus> meant_cameras(ApiClient& client,
                                                           const std::vector<std::string>& cameras);

}  // namespace st::streamctl
