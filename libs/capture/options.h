#pragma once
/// What cameras are told and allowed. Plain values, checked before they get here.
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "auth/address.h"
#include "camera/message.h"
#include "capture/image_ring.h"

namespace st::capture {

using std::chrono::milliseconds;

/// Names a camera that did not name itself. Empty conditions match any.
struct NameRule {
    std::optional<auth::Range> address;
    std::string model;
    std::string name;
};

struct Options {
    milliseconds takeover_after{5'000};  ///< how long a silent holder keeps its name
    milliseconds stop_timeout{10'000};   ///< for capture_stopped to follow stop_capture
    milliseconds resume_for{300'000};    ///< a lost camera may go on with its recording; 0: never
    milliseconds max_session{6 * 3'600'000LL};
    std::optional<camera::StartParameters> auto_start;
    bool previews_on_view = false;  ///< a camera streams while somebody watches it
    std::vector<NameRule> name_rules;
    ImageFolder images;  ///< of JPEG cameras
    std::size_t frame_bytes_max = std::size_t{16} << 20;
    std::size_t cameras_max = 0;          ///< 0: no limit
    std::size_t cameras_per_address = 0;  ///< likewise
};

}  // namespace st::capture
