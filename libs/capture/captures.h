#pragma once
/// Starting and stopping cameras: who is asked, who waits for an answer, and what becomes of the
/// recordings. Gets what the connections report and what the recorder tells. Control loop only.
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "camera/message.h"
#include "capture/cameras.h"
#include "capture/previews.h"
#include "capture/refusals.h"
#include "capture/suspensions.h"
#include "control/start.h"
#include "control/stop.h"
#include "record/events.h"
#include "record/session.h"

namespace st::capture {

class Captures {
 public:
    using StartDone = std::function<void(control::Decoded<control::StartReply>)>;
    using StopDone = std::function<void(control::Decoded<control::StopReply>)>;

    Captures(const Current<Options>& options, Cameras& cameras, Counters& counters,
             loop::Timers& timers, EventSink& events);

    /// `has_take`: there are recordings of `request.take`, which must not be added to by accident.
    void start(const control::StartRequest& request, bool has_take, StartDone done);
    void stop(const control::StopRequest& request, StopDone done);
    Previews& previews() { return previews_; }

    /// From a connection; see Cameras::report.
    void on_report(const LinkPtr& link, const FromConnection& message);
    /// From the recorder. `session`: Recorder::session() of the event's serial when it was told;
    /// null for a recording of an earlier run.
    void on_event(const record::Event& event, const record::SessionPtr& session);

 private:
    /// A recording that is not finished yet.
    struct Recording {
        record::SessionPtr session;
        std::string id;
        std::string tag = {};    ///< of the start that it goes back to
        bool has_ended = false;  ///< takes no more messages; its files are being made
    };
    /// A connection, from its first request or recording to the last answer.
    struct Tracked {
        std::string name;
        std::map<std::uint64_t, Recording> recordings;  ///< by serial: the newest is last
        std::set<std::uint64_t> starts;                 ///< that wait for it
        std::set<std::uint64_t> stops;
        std::optional<StartOrder> asked;  ///< what was sent to it last
        /// A recording that failed by itself, until the next stop says so.
        std::optional<control::StopResult> untold;
        bool has_left = false;    ///< what became of its last recording is known
        bool is_leaving = false;  ///< gone; what it recorded is being opened
    };
    template <class Reply>
    struct Pending {
        std::map<std::uint64_t, std::string> waiting;  ///< link id -> camera
        Reply reply;
        std::function<void(control::Decoded<Reply>)> done;
        loop::TimerId timer = 0;
    };
    struct PendingStart : Pending<control::StartReply> {
        std::uint64_t id = 0;
        control::StartRequest request;
    };
    struct PendingStop : Pending<control::StopReply> {
        std::set<std::string> away;  ///< cameras that dropped out and have not come back
        std::chrono::milliseconds timeout{};
        std::uint64_t progress_seen = 0;
    };
    /// What a camera was started with, for when it drops out and returns, and what came of it.
    struct Meant {
        StartOrder order;
        unsigned parts = 1;
        bool waits_for_room = false;             ///< the disk refused its recording
        std::vector<std::string> sessions;       ///< recordings that go back to this start
        std::vector<control::StopResult> ended;  ///< of them, those that are finished
    };

    void on(const LinkPtr& link, const Alive& alive);
    void on(const LinkPtr& link, const Joined& joined);
    void on(const LinkPtr& link, const Described& described);
    void on(const LinkPtr& link, const StateChanged& change);
    void on(const LinkPtr& link, const ClockTold& clock);
    void on(const LinkPtr& link, const HealthTold& told);
    void on(const LinkPtr& link, const StartSent& sent);
    void on(const LinkPtr& link, const CameraAnswer& answer);
    void on(const LinkPtr& link, const Suspended& suspended);
    void on(const LinkPtr& link, const ResumeAsked& asked);
    void on(const LinkPtr& link, const Left& left);
    void on(const LinkPtr& link, const Happened& happened);

    void on(const LinkPtr& link, const record::SessionPtr& session, const record::Opened& event);
    void on(const LinkPtr& link, const record::SessionPtr& session, const record::Failed& event);
    void on(const LinkPtr& link, const record::SessionPtr& session, const record::Room& event);
    void on(const LinkPtr& link, const record::SessionPtr& session,
            const record::Finalising& event);
    void on(const LinkPtr& link, const record::SessionPtr& session, const record::Finished& event);
    void on(const LinkPtr& link, const record::SessionPtr& session, const record::RoomAgain& event);
    /// `failure_told`: session.failed came when the disk refused; this is what became of the rest.
    void report(const record::Summary& summary, bool failure_told);

    bool is_being_left(const LinkPtr& by) const;
    void begin_unasked(const LinkPtr& link);
    void follow(const LinkPtr& from, const LinkPtr& to);
    void start_again(const LinkPtr& link, Meant& meant);
    void start_if_room(const LinkPtr& link, Meant& meant);
    static void send_unasked(const LinkPtr& link, StartOrder order);
    std::int64_t common_begin_ns(const std::vector<std::string>& cameras) const;
    void keep_part(const std::string& camera, const record::Summary& summary);

    std::optional<UnderWay> under_way(const CameraEntry& entry) const;
    bool is_take_running(const std::string& take) const;
    std::optional<control::StartReply> refuse_all(const control::StartRequest& request,
                                                  const std::vector<std::string>& names) const;
    control::StartResult result_of(const PendingStart& pending, const std::string& name,
                                   const Tracked& one, const CameraAnswer& answer) const;
    void finish_unawaited(PendingStart pending) const;
    void finish_unawaited(PendingStop pending) const;
    bool take_meant(const std::string& name, const control::StopRequest& request,
                    PendingStop& pending, StopOrder& order);
    std::uint64_t unheard_start(const Tracked& one, const control::StopRequest& request) const;
    static bool is_wanted(const Tracked& one, const control::StopRequest& request);
    static void complete(PendingStop& pending);
    void answer_starts(const LinkPtr& link, const CameraAnswer& answer);
    void answer_stops(const LinkPtr& link, const control::StopResult& result, bool is_fine);
    void finish_start(std::uint64_t id);
    void time_out_start(std::uint64_t id);
    std::vector<std::string> stop_targets(const control::StopRequest& request,
                                          PendingStop& pending);
    void arm_stop(std::uint64_t id, std::chrono::nanoseconds after);
    void time_out_stop(std::uint64_t id);
    void finish_stop(std::uint64_t id);
    std::uint64_t progress_of(const PendingStop& pending) const;
    Tracked& tracked(const LinkPtr& link);
    const Tracked* find(std::uint64_t link) const;
    void forget_if_idle(std::uint64_t link);

    const Current<Options>& options_;
    Cameras& cameras_;
    Counters& counters_;
    loop::Timers& timers_;
    EventSink& events_;
    Previews previews_;
    Suspensions suspensions_;
    std::uint64_t next_id_ = 1;
    std::map<std::uint64_t, PendingStart> starts_;
    std::map<std::uint64_t, PendingStop> stops_;
    std::unordered_map<std::uint64_t, Tracked> tracked_;  ///< by link id
    std::unordered_map<std::string, Meant> meant_;        ///< by camera, until it is stopped
    bool has_room_ = true;  ///< on the disk, since it last refused a recording
};

}  // namespace st::capture
