#pragma once
/// What cameras are meant to record until somebody stops them: one that drops out or runs out of
/// disk is started again, and its stop lists all that was recorded. Control loop only.
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "capture/cameras.h"
#include "control/stop.h"
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
        std::vector<std::string> sessions;       ///< recordings that go back to this start
        std::vector<control::StopResult> ended;  ///< of them, those that are finished
    };

    explicit MeantCaptures(const Cameras& cameras) : cameras_(cameras) {}

    bool has(const std::string& camera) const { return meant_.contains(camera); }
    bool has_take(const std::string& take) const;
    /// By camera.
    const std::unordered_map<std::string, Meant>& all() const { return meant_; }
    /// A stop takes it out, if it is of the start with that tag; "": of any.
    std::optional<Meant> take(const std::string& camera, const std::string& tag);

    /// The camera was told to begin.
    void sent(const std::string& camera, const StartOrder& order);
    /// It has begun a recording. `owner`: of the start that the camera was told last.
    void opened(const std::string& camera, const record::Opened& event, unsigned part,
                std::optional<std::uint64_t> owner);
    /// A recording is over although its start is still meant: the stop will list it.
    void finished(const std::string& camera, const record::Summary& summary);
    /// The disk refused its recording, which goes on once there is room.
    void refused(const std::string& camera);
    void room_again();
    /// It is in that state now: over in good order, it is meant no longer.
    void in_state(const LinkPtr& link, camera::State state);
    /// It is back, idle.
    void returned(const CameraEntry& entry);

    static constexpr std::size_t kCamerasMax = 10'000;
    /// Ended recordings of one start that its stop lists.
    static constexpr std::size_t kPartsMax = 1000;

 private:
    static void start_again(const LinkPtr& link, Meant& meant);
    void start_if_room(const LinkPtr& link, Meant& meant);

    const Cameras& cameras_;
    std::unordered_map<std::string, Meant> meant_;
    bool has_room_ = true;  ///< on the disk, since it last refused a recording
};

}  // namespace st::capture
