#pragma once
/// The cameras that are connected: their names, who may have one, what each is doing.
/// Lives on the control loop; every member but make_link() is its thread's only.
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "auth/address.h"
#include "base/current.h"
#include "base/event_sink.h"
#include "base/result.h"
#include "camera/states.h"
#include "capture/camera_link.h"
#include "capture/counters.h"
#include "capture/options.h"
#include "control/camera_status.h"

namespace st::capture {

/// A connection that wants to be a camera, before its upgrade is answered.
struct CameraClaim {
    LinkPtr link;
    std::string name;          ///< as the camera gave it; empty: it gave none
    std::string default_name;  ///< for a camera that no rule names either
    auth::Address address;
    /// Called once, on the control loop: granted, or Error with an HTTP status.
    std::function<void(Result<void>)> done;
};

/// One connected camera as the control loop knows it.
struct CameraEntry {
    LinkPtr link;
    std::string name;
    bool is_camera = false;  ///< said or sent something that only a camera does
    camera::State state = camera::State::idle;
    std::string session;  ///< of the open session; empty: none, or its folder is not made yet
    std::string model;
};

class Cameras {
 public:
    Cameras(const Current<Options>& options, Counters& counters, loop::EventLoop& control,
            EventSink& events)
        : options_(options), counters_(counters), control_(control), events_(events) {}

    /// Any thread.
    LinkPtr make_link(httpd::NetLoop& net, const std::string& peer, const std::string& path);

    /// Grants a free name at once. A name in use: its holder is pinged; if a byte comes from it
    /// within camera.takeover_after the claim gets 409, else the holder is closed (1001
    /// "replaced").
    void claim(CameraClaim claim);
    /// The connection of a claim went away before it became a camera's.
    void give_up(const LinkPtr& link);
    /// The holder of a name under claim gave a sign of life.
    void alive(const LinkPtr& link);

    void joined(const LinkPtr& link);
    void set_state(const LinkPtr& link, camera::State state, const std::string& session);
    void set_model(const LinkPtr& link, const std::string& model);
    /// False if it had been replaced before.
    bool left(const LinkPtr& link, const std::string& reason);

    /// Null if there is none.
    const CameraEntry* find(const std::string& name) const;
    const CameraEntry* find(std::uint64_t link_id) const;
    const std::map<std::string, CameraEntry>& all() const { return by_name_; }
    control::CameraStatus status(const CameraEntry& entry) const;

    /// Told of every camera that joined, and of every one that went while it recorded.
    std::function<void(const CameraEntry&)> on_joined;
    std::function<void(const CameraEntry&)> on_lost;

 private:
    struct Waiting {
        CameraClaim claim;
        std::string name;
        std::uint64_t holder;  ///< link id
        loop::TimerId timer;
    };

    std::string name_for(const CameraClaim& claim) const;
    void grant(CameraClaim& claim, const std::string& name);
    void take_over(std::uint64_t claimant);
    CameraEntry* entry_of(const LinkPtr& link);

    const Current<Options>& options_;
    Counters& counters_;
    loop::EventLoop& control_;
    EventSink& events_;
    std::atomic<std::uint64_t> next_link_{1};
    std::map<std::string, CameraEntry> by_name_;
    std::map<std::uint64_t, std::string> name_of_link_;
    std::map<std::uint64_t, Waiting> waiting_;  ///< by the claimant's link id
};

}  // namespace st::capture
