#pragma once
/// What cameras are meant to record until somebody stops them: one that drops out or runs out of
/// disk is started again, and its stop lists all that was recorded. Known to this process only, not
/// to the one after it. Control loop only.
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/event_sink.h"
#include "capture/cameras.h"
#include "control/stop.h"
#include "loop/timers.h"
#include "record/events.h"
#include "record/session.h"

namespace st::capture {

/// Starts a camera that no request waits for.
void send_unasked(const LinkPtr& link, StartOrder order);

class MeantCaptures {
 public:
    struct Meant {
        StartOrder order;
        unsigned parts = 1;
        bool waits_for_room = false;             ///< the disk refused its recording
        std::uint64_t link = 0;                  ///< the connection that was told; 0: being told
        unsigned tries = 0;                      ///< to start it again, since it last recorded
        loop::TimerId timer = 0;                 ///< until the next one
        std::uint64_t next_try = 0;              ///< that one, among those of all cameras
        std::vector<std::string> sessions;       ///< recordings that go back to this start
        std::vector<control::StopResult> ended;  ///< of them, those that are finished
    };

    MeantCaptures(const Cameras& cameras, loop::Timers& timers, EventSink& events)
        : cameras_(cameras), timers_(timers), events_(events) {}
    MeantCaptures(const MeantCaptures&) = delete;
    MeantCaptures& operator=(const MeantCaptures&) = delete;
    ~MeantCaptures();

    bool has(const std::string& camera) const { return meant_.contains(camera); }
    bool has_take(const std::string& take) const;
    /// By camera.
    const std::unordered_map<std::string, Meant>& all() const { return meant_; }
    /// A stop takes it out, if it is of the start with that tag; "": of any.
    std::optional<Meant> take(const std::string& camera, const std::string& tag);

    /// The camera was told to begin.
    void sent(const LinkPtr& link, const StartOrder& order);
    /// Another connection goes on with what the first recorded.
    void follow(std::uint64_t from_link, std::uint64_t to_link);
    /// It has begun a recording. `owner`: of the start that the camera was told last.
    void opened(const std::string& camera, const record::Opened& event, unsigned part,
                std::optional<std::uint64_t> owner);
    /// A recording is over although its start is still meant: the stop will list it.
    void finished(const record::Summary& summary);
    /// The disk refused its recording, which goes on once there is room. Not if it never began:
    /// whoever started it is told so, and does not expect it later.
    void refused(const std::string& camera);
    void room_again();
    /// It is in that state now: over in good order, it is meant no longer. One that could not be
    /// started again is tried again, for a while.
    void in_state(const LinkPtr& link, camera::State state);
    /// The camera is called otherwise. `is_given`: a user named it, and what is meant for that name
    /// is meant for it; else only what it was told on this connection. True: something was.
    bool renamed(const LinkPtr& link, const std::string& before, bool is_given);
    /// It is back, and records nothing.
    void returned(const CameraEntry& entry);

    /// So often it is tried to start a camera again, the first time after kRetryAfter, then each
    /// time after twice as long.
    static constexpr unsigned kTriesMax = 5;
    static constexpr std::chrono::seconds kRetryAfter{2};

    static constexpr std::size_t kCamerasMax = 10'000;
    /// Ended recordings of one start that its stop lists.
    static constexpr std::size_t kPartsMax = 1000;

 private:
    using ByCamera = std::unordered_map<std::string, Meant>;

    void start_again(const CameraEntry& entry, Meant& meant);
    void start_if_room(const LinkPtr& link, Meant& meant);
    void try_later(ByCamera::iterator which);
    void try_now(std::uint64_t which_try);

    const Cameras& cameras_;
    loop::Timers& timers_;
    EventSink& events_;
    ByCamera meant_;
    std::uint64_t tries_planned_ = 0;
    bool has_room_ = true;  ///< on the disk, since it last refused a recording
};

}  // namespace st::capture
