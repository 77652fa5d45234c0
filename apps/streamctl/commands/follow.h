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
#include "streamctl/commands/sizes.h"

namespace st::streamctl {

/// "door  0:12, 0:18 left  0 lost  360 pictures  30.0 fps". `left`: until the end that was asked
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

/// A camera whose recording is watched, from look to look.
class WatchedCamera {
 public:
    /// Its recording is over for good.
    struct Over {
        std::string why;
        bool is_failure = false;  ///< nobody wanted it to end
    };

    /// `is_own`: this command started it; else somebody else's was joined.
    WatchedCamera(std::string camera, const std::string& session, bool is_own)
        : camera_(std::move(camera)), sessions_{session}, is_own_(is_own) {}

    /// Says what became of it since the last look. `status`: as for course_of(). Nullopt: it
    /// records, or will again; an end is not said.
    std::optional<Over> look(const control::CameraStatus* status, ApiClient& client,
                             SizeWatch& sizes, Console& console);

    /// How far it is, as progress_line() says it.
    StatusLine progress(const control::CameraStatus* status, std::chrono::seconds elapsed,
                        std::optional<std::chrono::seconds> left) const;

    const std::string& camera() const { return camera_; }
    bool is_own() const { return is_own_; }
    /// Its recordings so far, the present one last.
    const std::vector<std::string>& sessions() const { return sessions_; }
    bool is_away() const { return absence_.is_away(); }
    /// It dropped out, and returned or was stopped meanwhile: pictures are missing.
    bool dropped_out() const { return dropped_out_; }

 private:
    void drop_out(const std::string& why, Console& console);

    std::string camera_;
    std::vector<std::string> sessions_;
    bool is_own_;
    Absence absence_;  ///< while it may come back
    bool dropped_out_ = false;
};

/// Shows these recordings, and those in which their cameras go on, until they have ended or
/// Ctrl-C: start --follow. Says what size each camera delivers. The exit code: 1 if a recording
/// failed, 3 if a camera dropped out meanwhile.
int follow(std::vector<WatchedCamera> started, const Options& options, ApiClient& client,
           Console& console);

}  // namespace st::streamctl
