#pragma once
/// Starting and stopping cameras: who is asked, who has answered, what the reply says.
/// Lives on the control loop; its thread only.
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "camera/message.h"
#include "capture/cameras.h"
#include "control/start.h"
#include "control/stop.h"

namespace st::capture {

/// What a camera connection says to the requests that wait for it.
struct CameraAnswer {
    enum class Kind : std::uint8_t {
        started,
        already_recording,
        refused,
        start_timeout,
        not_recording,
        disconnected
    };
    Kind kind = Kind::started;
    std::string session;        ///< started, already_recording
    std::string error;          ///< refused: in the camera's or our own words
    bool differs = false;       ///< already_recording: with other parameters than those asked for
    std::uint64_t request = 0;  ///< for that start alone; 0: for all that wait for the camera
};

/// A session whose files are finished (or that failed for good).
struct SessionOutcome {
    std::string id;
    std::string camera;
    control::SessionState state = control::SessionState::done;
    std::string error;  ///< empty: none
    std::vector<control::SessionFile> files;
    bool was_answered = true;  ///< false: closed because the camera never answered the stop
    std::uint64_t seq_missing = 0;
    std::uint64_t damage_count = 0;
    std::vector<std::string> warnings = {};
};

class Captures {
 public:
    using StartDone = std::function<void(control::Decoded<control::StartReply>)>;
    using StopDone = std::function<void(control::Decoded<control::StopReply>)>;

    /// `progress`: how far the finaliser of a session is, any number that grows; by session id.
    Captures(const Current<Options>& options, Cameras& cameras, loop::EventLoop& control,
             std::function<std::uint64_t(const std::string&)> progress);

    void start(const control::StartRequest& request, StartDone done);
    void stop(const control::StopRequest& request, StopDone done);

    void answer(const LinkPtr& link, const CameraAnswer& answer);
    /// These parameters went out to the camera: a connection that is starting sends no others.
    void start_sent(const LinkPtr& link, const camera::StartParameters& parameters,
                    const std::string& take);
    /// The connection is over. `has_session`: its last session is still being finished, which
    /// answers the starts and the stops that wait for it.
    void left(const LinkPtr& link, bool has_session);
    void session_opened(std::uint64_t link, const std::string& id, const std::string& camera);
    /// The session takes no more messages; its files are being made.
    void session_ended(const std::string& id);
    void session_finished(std::uint64_t link, const SessionOutcome& outcome);
    /// Finishing sessions, for the status.
    std::size_t finalising() const;

    /// The camera joined: starts it if it is to be started without being asked.
    void auto_start(const CameraEntry& entry);
    /// It left while it recorded: started again with the same parameters when it returns.
    void remember(const CameraEntry& entry);

 private:
    struct LiveSession {
        std::uint64_t link;
        std::string camera;
        std::uint64_t number;  ///< grows with every session
        bool ended = false;
    };
    struct Asked {
        camera::StartParameters parameters;
        std::string take;
    };
    struct PendingStart {
        std::map<std::uint64_t, std::string> waiting;  ///< link id -> camera
        control::StartReply reply;
        StartDone done;
        loop::TimerId timer = 0;
    };
    struct PendingStop {
        std::map<std::uint64_t, std::string> waiting;
        control::StopReply reply;
        StopDone done;
        loop::TimerId timer = 0;
        std::chrono::milliseconds timeout{};
        std::uint64_t progress_seen = 0;
    };

    void finish_unawaited(PendingStart pending, const StartDone& done) const;
    void finish_unawaited(PendingStop pending, const StopDone& done) const;
    void answer_starts(std::uint64_t link, const CameraAnswer& answer);
    bool is_stop_awaited(std::uint64_t link) const;
    void answer_stops(std::uint64_t link, const control::StopResult& result, bool is_ok);
    void add_result(PendingStart& pending, control::StartResult result);
    void finish_start(std::uint64_t id);
    void time_out_start(std::uint64_t id);
    void arm_stop(std::uint64_t id, std::chrono::nanoseconds after);
    void time_out_stop(std::uint64_t id);
    void finish_stop(std::uint64_t id);
    std::uint64_t progress_of(const PendingStop& pending) const;
    /// Of that connection, with a number of at least `from`.
    bool has_live_session(std::uint64_t link, std::uint64_t from = 0) const;
    std::vector<std::string> stop_targets(const control::StopRequest& request,
                                          PendingStop& pending);

    const Current<Options>& options_;
    Cameras& cameras_;
    loop::EventLoop& control_;
    std::function<std::uint64_t(const std::string&)> progress_;
    std::uint64_t next_id_ = 1;
    std::uint64_t next_session_ = 1;
    std::map<std::uint64_t, PendingStart> starts_;
    std::map<std::uint64_t, PendingStop> stops_;
    std::map<std::string, LiveSession> live_;     ///< by session id
    std::map<std::uint64_t, Asked> asked_;        ///< what was sent last, by link id
    std::map<std::string, Asked> was_recording_;  ///< by camera, until it returns
    /// Of connections: recordings that failed by themselves, until the next stop says so.
    std::map<std::uint64_t, SessionOutcome> untold_;
    /// Connections that are over; what they recorded is being opened, which answers their starts.
    std::set<std::uint64_t> leaving_;
};

/// What is sent to a camera for what a request asked.
camera::StartParameters to_camera(const control::StartParameters& asked);

}  // namespace st::capture
