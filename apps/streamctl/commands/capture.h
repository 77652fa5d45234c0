#pragma once
/// What start and capture share.
#include <map>
#include <optional>
#include <set>
#include <string>

#include "control/camera_status.h"
#include "streamctl/commands/commands.h"

namespace st::streamctl {

bool is_recording(const control::StartResult& result);
/// "1280x720, 4000 kbit/s"; "" if nothing was asked for.
std::string asked_for(const control::StartParameters& parameters);
std::map<std::string, control::CameraStatus> cameras_by_name(ApiClient& client);
/// How many of the connected cameras these names and patterns mean.
std::size_t count_meant(ApiClient& client, const std::vector<std::string>& cameras);

/// Says once for each camera when it delivers another size than was asked for.
class SizeWatch {
 public:
    SizeWatch(const control::StartParameters& parameters, Console& console)
        : wanted_(parameters.resolution), console_(console) {}

    bool wants_to_know() const { return wanted_.has_value(); }
    void look(const control::CameraStatus& camera);

 private:
    std::optional<control::Size> wanted_;
    Console& console_;
    std::set<std::string> said_;
};

}  // namespace st::streamctl
