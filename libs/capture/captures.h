#pragma once
/// Starting and stopping cameras: who is asked, who waits for an answer, and what becomes of the
/// recordings. Gets what the connections report and what the recorder tells. Control loop only.
#include "base/event_sink.h"
#include "capture/cameras.h"
#include "capture/meant_captures.h"
#include "capture/previews.h"
#include "capture/starts.h"
#include "capture/stops.h"
#include "capture/suspensions.h"
#include "capture/tracking.h"
#include "record/events.h"
#include "record/session.h"

namespace st::capture {

class Captures {
 public:
    Captures(const Current<Options>& options, Cameras& cameras, Counters& counters,
             loop::Timers& timers, EventSink& events);

    /// See Starts and Stops.
    /// `has_take`: there are recordings of `request.take`, which must not be added to by accident.
    void start(const control::StartRequest& request, bool has_take, Starts::Done done) {
        starts_.start(request, has_take, std::move(done));
    }
    void stop(const control::StopRequest& request, Stops::Done done) {
        stops_.stop(request, std::move(done));
    }
    Previews& previews() { return previews_; }

    /// From a connection; see Cameras::report.
    void on_report(const LinkPtr& link, const FromConnection& message);
    /// From the recorder. `session`: Recorder::session() of the event's serial when it was told;
    /// null for a recording of an earlier run.
    void on_event(const record::Event& event, const record::SessionPtr& session);

 private:
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
    void on(const LinkPtr& link, const ResumeRefused& refused);
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

    void await_or_begin(const LinkPtr& link);
    void begin_unasked(const LinkPtr& link);
    void renamed(const LinkPtr& link, const std::string& before, bool is_given);
    void follow(const LinkPtr& from, const LinkPtr& to);

    const Current<Options>& options_;
    Cameras& cameras_;
    Counters& counters_;
    EventSink& events_;
    Previews previews_;
    Suspensions suspensions_;
    Tracking tracking_;
    MeantCaptures meant_;
    Starts starts_;
    Stops stops_;
};

}  // namespace st::capture
