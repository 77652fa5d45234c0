#pragma once
/// What cameras are asked for, and what they deliver.
#include <optional>
#include <set>
#include <string>

#include "control/camera_status.h"
#include "control/start.h"
#include "streamctl/console/console.h"

namespace st::streamctl {

/// "1280x720, 4000 kbit/s"; "" if nothing was asked for.
std::string asked_for(const control::StartParameters& parameters);

/// "delivers 640x480, not 1280x720", or "not 16:9"; nullopt: it is what was asked for, or nothing
/// was.
std::optional<std::string> size_trouble(const control::StartParameters& parameters,
                                        const control::Size& delivered);

/// Says once for each camera when it delivers another size than was asked for; with `says_all` also
/// when it delivers that, or any.
class SizeWatch {
 public:
    SizeWatch(const control::StartParameters& parameters, Console& console, bool says_all = false)
        : parameters_(parameters), console_(console), says_all_(says_all) {}

    /// False: its size is not known yet.
    bool look(const control::CameraStatus& camera);

 private:
    const control::StartParameters parameters_;
    Console& console_;
    const bool says_all_;
    std::set<std::string> said_;
};

}  // namespace st::streamctl
