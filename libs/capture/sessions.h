#pragma once
/// Which recording session belongs to which camera connection; carries the recorder's events to
/// both halves, the connection (its loop) and the operations that wait. Control loop only.
#include <map>
#include <string>
#include <vector>

#include "base/event_sink.h"
#include "capture/camera_link.h"
#include "capture/captures.h"
#include "record/events.h"
#include "record/session.h"

namespace st::capture {

class Sessions {
 public:
    Sessions(Counters& counters, EventSink& events) : counters_(counters), events_(events) {}

    /// Who is told what becomes of sessions. Once, before anything else.
    void set_captures(Captures& captures) { captures_ = &captures; }

    /// A connection opened a session. Events that overtook this call are dealt with now.
    void created(const LinkPtr& link, const record::SessionPtr& session);
    void on_event(const record::Event& event);
    /// Grows while the finaliser of that session works; 0 for unknown ids.
    std::uint64_t progress(const std::string& id) const;

 private:
    struct Open {
        LinkPtr link;
        record::SessionPtr session;
        bool failure_told = false;
    };

    void handle(const record::Opened& event, const Open& live);
    void handle(const record::Failed& event, const Open& live);
    void handle(const record::Room& event, const Open& live);
    void handle(const record::Finalising& event, const Open& live);
    void handle(const record::Finished& event, const Open& live);
    /// `failure_told`: session.failed came when the disk refused; this is what became of the rest.
    void report(const record::Summary& summary, bool failure_told);

    Counters& counters_;
    EventSink& events_;
    Captures* captures_ = nullptr;
    std::map<std::uint64_t, Open> live_;                         ///< by serial
    std::map<std::uint64_t, std::vector<record::Event>> early_;  ///< before created()
};

/// The MP4s of a finished recording as `stop` lists them; what was kept instead where there is
/// none.
std::vector<control::SessionFile> session_files(const record::Summary& summary);

}  // namespace st::capture
