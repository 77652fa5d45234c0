#pragma once
/// Recordings whose cameras lost their connection and will go on with them: open until the camera
/// is back, or has been away for camera.resume_for. Control loop only. Spec: docs/camera.md,
/// "Resuming".
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/current.h"
#include "capture/camera_link.h"
#include "capture/options.h"
#include "loop/timers.h"

namespace st::capture {

class Suspensions {
 public:
    struct Waiting {
        LinkPtr from;  ///< the connection that was lost
        Suspended what;
    };

    Suspensions(const Current<Options>& options, loop::Timers& timers)
        : options_(options), timers_(timers) {}
    Suspensions(const Suspensions&) = delete;
    Suspensions& operator=(const Suspensions&) = delete;
    ~Suspensions();

    /// Of a camera there is one: an earlier one of its name ends.
    void add(const LinkPtr& from, Suspended what);
    /// The one that goes on now; nullopt: it is over, or never was.
    std::optional<Waiting> take(const std::string& capture);
    bool has(const std::string& camera) const;
    /// A camera of that name is back: unless it goes on soon it has forgotten the capture, which
    /// ends then, before `otherwise`.
    void returned(const std::string& camera, std::function<void()> otherwise);
    /// That camera has left before it said whether it goes on.
    void gone_again(const std::string& camera);
    /// Somebody stops the capture of that lost connection: it has camera.stop_timeout to come back
    /// and send the rest.
    void stop(std::uint64_t from_link, const std::string& stopped_by);
    /// Its recording failed.
    void failed(std::uint64_t serial);

    static constexpr std::chrono::seconds kResumePatience{2};
    static constexpr std::size_t kWaitingMax = 1000;

 private:
    struct Timed {
        Waiting waiting;
        loop::TimerId timer = 0;
        bool is_back = false;
    };
    using ByCapture = std::map<std::string, Timed>;

    ByCapture::iterator of_camera(const std::string& camera);
    void arm(Timed& one, std::chrono::nanoseconds after, std::function<void()> otherwise);
    void end(ByCapture::iterator which, camera::EndReason reason);

    const Current<Options>& options_;
    loop::Timers& timers_;
    ByCapture by_capture_;
};

}  // namespace st::capture
