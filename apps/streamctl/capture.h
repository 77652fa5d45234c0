#pragma once
/// What start and capture share.
#include <map>
#include <optional>
#include <set>
#include <string>

#include "commands.h"
#include "control/camera_status.h"

namespace st::streamctl {

bool is_recording(const control::StartResult& result);
/// "1280x720, 4000 kbit/s"; "" if nothing was asked for.
std::string asked_for(const control::StartParameters& parameters);
std::map<std::string, control::CameraStatus> cameras_by_name(Door& door);

/// Says once for each camera when it delivers another size than was asked for.
class SizeWatch {
 public:
    SizeWatch(const control::StartParameters& parameters, Talk& talk)
        : wanted_(parameters.resolution), talk_(talk) {}

    bool wants_to_know() const { return wanted_.has_value(); }
    void look(const control::CameraStatus& camera);

 private:
    std::optional<control::Size> wanted_;
    Talk& talk_;
    std::set<std::string> said_;
};

}  // namespace st::streamctl
