#pragma once
/// How far recordings are, while they run.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "control/camera_status.h"
#include "control/status.h"
#include "streamctl/commands/commands.h"
#include "streamctl/commands/course.h"

namespace st::streamctl {

/// "door  0:12, 0:18 left  360 pictures  30.0 fps  0 lost". `left`: until the end that was asked
/// for; none: there is no such end.
std::string progress_line(const control::CameraStatus& camera, std::chrono::seconds elapsed,
                          std::optional<std::chrono::seconds> left);

/// "disk: 12.3 GB free, about 5 h 40 min at the present rate"; without the rate while nothing is
/// written.
std::string disk_line(const control::ServerStatus& status);

/// That the disk does not last for `wanted`, at what it is written with and what these cameras
/// will add; without, for as long as the server is told to warn of.
std::optional<std::string> disk_trouble(ApiClient& client,
                                        const control::StartParameters& parameters,
                                        std::size_t cameras, std::optional<milliseconds> wanted);
/// Before recordings begin: says if the disk does not last as long as it should. `cameras`: how
/// many are about to be started; `duration`: for how long, if that is known.
void warn_of_disk(ApiClient& client, const control::StartParameters& parameters,
                  std::size_t cameras, std::optional<std::chrono::milliseconds> duration,
                  Console& console);

/// Instead of a progress line, behind the name of a camera that dropped out.
inline constexpr char kAway[] = "  away: recording goes on when it is back";

/// A camera's recording as it was seen last.
struct Followed {
    std::string camera;
    std::string session;
    Absence absence{};
};

/// Shows these recordings, and those in which their cameras go on, until they have ended or
/// Ctrl-C: start --follow. Says what size each camera delivers. The exit code: 3 if a camera
/// dropped out meanwhile.
int follow(const std::vector<Followed>& started, const control::StartParameters& parameters,
           ApiClient& client, Console& console);

}  // namespace st::streamctl
