#pragma once
/// Recordings whose cameras lost their connection and will go on with them: open until the camera
/// is back, or has been away for camera.resume_for. Control loop only. Spec: docs/camera.md,
/// "Resuming".
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

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
    bool has(const std::string& camera) const;

    /// A camera wants to go on with that capture. `answer` gets it, perhaps in a moment: that its
    /// lost connection is over may not have been told yet. nullopt: it is over, or never was.
    using Answer = std::function<void(std::optional<Waiting>)>;
    void ask(const std::string& capture, Answer answer);

    /// Its camera has begun another capture.
    void give_up(const std::string& capture);

    /// A camera of that name is back: unless it goes on soon it has forgotten the capture, which
    /// ends then, before `otherwise`.
    void returned(const std::string& camera, std::function<void()> otherwise);
    /// The camera that is back is called otherwise, and so is what it left.
    void renamed(const std::string& before, const std::string& now);
    /// It has left before it said whether it goes on.
    void gone_again(const std::string& camera);
    /// Somebody stops the capture of that connection, if it is lost: the camera has
    /// camera.stop_timeout to come back and send the rest. That it is lost may not have been told
    /// yet. `owner`: only what that start began; 0: whatever there is.
    void stop(std::uint64_t from_link, const std::string& stopped_by, std::uint64_t owner = 0);
    /// What was stopped on that connection is over, or another start came behind it.
    void forget_stop(std::uint64_t link) { stopped_.erase(link); }
    /// Its recording failed.
    void failed(std::uint64_t serial);

    static constexpr std::chrono::seconds kResumePatience{2};
    static constexpr std::chrono::seconds kAnswerPatience{1};
    static constexpr std::size_t kWaitingMax = 1000;

 private:
    struct Timed {
        Waiting waiting;
        loop::TimerId timer = 0;
    };
    using ByCapture = std::map<std::string, Timed>;
    struct Asked {
        Answer answer;
        loop::TimerId timer = 0;
    };

    ByCapture::iterator of_camera(const std::string& camera);
    void arm(Timed& one, std::chrono::nanoseconds after);
    void end(ByCapture::iterator which, camera::EndReason reason);
    Waiting take(ByCapture::iterator which);

    const Current<Options>& options_;
    loop::Timers& timers_;
    ByCapture by_capture_;
    struct Stopped {
        std::string by;
        std::uint64_t owner = 0;
    };
    std::unordered_map<std::uint64_t, Stopped> stopped_;  ///< by connection
    std::map<std::string, Asked> asked_;                  ///< by capture
    struct Back {
        std::function<void()> otherwise;
        loop::TimerId timer = 0;
    };
    std::map<std::string, Back> back_;  ///< cameras that may still say that they go on
};

}  // namespace st::capture
