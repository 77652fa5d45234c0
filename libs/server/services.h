#pragma once
/// What every connection is given: the parts of the server, owned by Server, outliving connections.
#include <atomic>

#include "base/log.h"
#include "loop/event_loop.h"
#include "server/metrics.h"
#include "server/options.h"

namespace st::record {
class Catalogue;
class Recorder;
}  // namespace st::record

namespace st::source {
class Sources;
}  // namespace st::source

namespace st::server {

class Cameras;
class Captures;
class EventLog;
class Live;
class Sessions;

struct Services {
    const CurrentOptions& options;
    Log log;
    Metrics& metrics;
    const std::atomic<bool>& shutting_down;  ///< no new sessions
    loop::EventLoop& control;                ///< post to it what is for the four below
    loop::EventLoop& disk;                   ///< for what would block: listings, downloads
    // The control loop's thread only:
    EventLog& events;
    Cameras& cameras;
    Captures& captures;
    Sessions& sessions;
    record::Catalogue& catalogue;  ///< the disk loop's thread only
    record::Recorder& recorder;    ///< any thread
    Live& live;                    ///< any thread
    source::Sources& sources;      ///< any thread
};

}  // namespace st::server
