#pragma once
/// What the operations server.config and server.reload ask of the program that runs the server.
#include <functional>
#include <vector>

#include "control/configuration.h"

namespace st::api {

/// Both are called on the control loop's thread; one that is empty answers "unavailable".
struct Configuration {
    /// The values in force; secrets are not among them.
    std::function<std::vector<control::ConfigEntry>()> list;
    /// Applies all that can be applied, or nothing: then an error (conflict) says why. `done` is
    /// called exactly once, on any thread, perhaps before this returns. `by`: who wants it.
    using ReloadDone = std::function<void(control::Decoded<control::ReloadReply>)>;
    std::function<void(const std::string& by, ReloadDone done)> reload;
};

}  // namespace st::api
