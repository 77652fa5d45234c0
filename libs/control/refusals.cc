#include "control/refusals.h"

#include "base/rough_time.h"
#include "control/glob.h"

namespace st::control {

std::string no_such_camera(std::string_view name, const std::string& near) {
    if (is_pattern(name)) return "no camera matches " + std::string(name);
    return "no such camera: " + std::string(name) +
           (near.empty() ? "" : " (did you mean " + near + "?)");
}

bool is_shut_out(std::string_view reason) {
    return reason == kUnauthorized || reason.starts_with("control: ");
}

std::string sentence(const UnderWay& what) {
    std::string text = what.session.empty() ? "is being started" : "already recording";
    if (!what.session.empty()) text += " " + what.session;
    if (!what.take.empty()) text += " (take " + what.take + ")";
    text += ",";
    if (!what.session.empty()) text += " started " + rough_time(what.age) + " ago";
    return text + " by " + (what.by.empty() ? "the camera itself" : what.by);
}

}  // namespace st::control
