#pragma once
/// The cameras that are connected: their names, who may have one, what each is doing.
/// Lives on the control loop; every member but make_link() is its thread's only.
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/address.h"
#include "base/current.h"
#include "base/event_sink.h"
#include "base/result.h"
#include "camera/states.h"
#include "capture/camera_link.h"
#include "capture/counters.h"
#include "capture/given_names.h"
#include "capture/options.h"
#include "control/camera_status.h"
#include "control/error.h"
#include "httpd/net_loop.h"
#include "loop/timers.h"
#include "record/session.h"

namespace st::capture {

/// A connection that wants to be a camera, before its upgrade is answered.
struct CameraClaim {
    LinkPtr link;
    std::optional<std::string> name;  ///< as the camera gave it
    std::string default_name;         ///< for a camera that no rule names either: of its address
    auth::Address address;
    std::string place_of;  ///< whose place it takes: an address; "": nobody's
    /// Called once, on the control loop: granted, or Error with an HTTP status.
    std::function<void(Result<void>)> done;
};

/// One connected camera as the control loop knows it.
struct CameraEntry {
    LinkPtr link;
    std::string name;
    std::string place_of;    ///< see CameraClaim
    bool is_camera = false;  ///< said or sent something that only a camera does
    camera::State state = camera::State::idle;
    std::string session;  ///< of the open session; empty: none, or its folder is not made yet
    std::string model;
    bool rename_is_due = false;    ///< its model may give it another name once nothing is recorded
    record::SessionPtr recording;  ///< what is being recorded, or was last; null: nothing yet
    std::optional<camera::Health> health;  ///< what it said of itself last
    std::int64_t health_us = 0;            ///< when, by the wall clock
    std::optional<ClockTold> clock;        ///< of one that answers about its clock
};

class Cameras {
 public:
    Cameras(const Current<Options>& options, Counters& counters, loop::Timers& timers,
            EventSink& events)
        : options_(options), counters_(counters), timers_(timers), events_(events) {}

    /// Takes what connections report to the control loop. Set at start; called on any thread.
    std::function<void(const LinkPtr&, FromConnection)> report;
    /// Told when a camera has another name than before. `is_given`: a user gave it; else the camera
    /// has just said what it is. Set at start.
    std::function<void(const LinkPtr&, const std::string& before, bool is_given)> on_renamed;

    /// Any thread. `net`: the loop its connection will live on.
    LinkPtr make_link(httpd::NetLoop& net, const std::string& peer, const std::string& path);

    /// Grants a free name at once. A name in use: its holder is pinged. If a byte comes from it
    /// within camera.takeover_after, a camera that gave the name gets 409 and one that gave none
    /// the next of NAME_2, NAME_3 ...; else the holder is closed (1001 "replaced"). A holder that
    /// goes meanwhile leaves its name to the first claim.
    void claim(CameraClaim claim);
    /// The connection of a claim went away before it became a camera's.
    void give_up(const LinkPtr& link);
    /// The holder of a name under claim gave a sign of life.
    void alive(const LinkPtr& link);

    void joined(const LinkPtr& link);
    void set_state(const LinkPtr& link, camera::State state, const std::string& session);
    /// A recording of it has begun.
    void set_recording(const LinkPtr& link, const record::SessionPtr& recording);
    void set_clock(const LinkPtr& link, const ClockTold& clock);
    void set_health(const LinkPtr& link, const camera::Health& health);
    /// A rule by model may give it another name, while it records only when that is over; it is
    /// told its name in any case.
    void set_model(const LinkPtr& link, const std::string& model);
    /// Gives a camera that does not name itself another name, which it keeps when it returns. Not
    /// while it records.
    control::Decoded<std::string> give_name(const std::string& name, const std::string& next,
                                            const std::string& by = {});
    /// Names that were given before, and who keeps what is given from now on.
    void keep_names(GivenNames names, std::function<void(const GivenNames&)> save);

    /// False if it had been replaced before.
    /// `more`: further fields of its event.
    bool left(const LinkPtr& link, const std::string& reason, const EventFields& more = {});

    /// Null if there is none.
    const CameraEntry* find(const std::string& name) const;
    const CameraEntry* find(std::uint64_t link_id) const;
    const std::map<std::string, CameraEntry>& all() const { return by_name_; }
    control::CameraStatus status(const CameraEntry& entry) const;

 private:
    struct Waiting {
        CameraClaim claim;
        std::string name;
        unsigned number;  ///< of the names it may have: 0 is a given one, 1 that of its address
        loop::TimerId timer;
    };
    /// By the link id of the holder that is asked for a sign of life, in the order they came.
    using WaitingClaims = std::unordered_map<std::uint64_t, std::vector<Waiting>>;

    /// As the camera or a rule by its address says; nullopt: nobody does.
    std::optional<std::string> settled_name(const CameraClaim& claim) const;
    bool may_be_renamed(const CameraClaim& claim) const;
    std::string free_name(const std::string& address_name) const;
    std::optional<std::string> name_by_model(const CameraLink& link, const std::string& model,
                                             const std::string& now) const;
    /// Whether there is room for one more. Error.code: 503 in all, 429 of whose place it takes.
    Result<void> check_limits(const CameraClaim& claim) const;
    void try_name(CameraClaim claim, const std::string& name, unsigned number);
    void try_next_name(Waiting waiting, const std::string& refusal);
    void grant(CameraClaim& claim, const std::string& name);
    std::vector<Waiting> take_waiting(std::uint64_t holder);
    CameraEntry* entry_of(const LinkPtr& link);
    void rename(CameraEntry& entry, const std::string& name, bool is_given);

    const Current<Options>& options_;
    Counters& counters_;
    loop::Timers& timers_;
    EventSink& events_;
    std::atomic<std::uint64_t> next_link_{1};
    std::map<std::string, CameraEntry> by_name_;
    std::unordered_map<std::uint64_t, CameraEntry*> by_link_;
    WaitingClaims waiting_;
    GivenNames given_;
    std::function<void(const GivenNames&)> save_names_;
    std::unordered_map<std::uint64_t, std::uint64_t> holder_of_;  ///< by the claimant's link id
};

/// "shed" where "shad" is connected and near enough to be meant; "" if none is.
std::string nearest_name(const std::map<std::string, CameraEntry>& cameras,
                         const std::string& name);

}  // namespace st::capture
