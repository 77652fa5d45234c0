#pragma once
/// What every connection is given: the parts of the server, owned by Server, outliving connections.
#include <atomic>

#include "api/metrics.h"
#include "base/log.h"
#include "loop/event_loop.h"
#include "server/options.h"

namespace st::record {
class Catalogue;
class Recorder;
}  // namespace st::record

namespace st::source {
class Sources;
}  // namespace st::source

namespace st::api {
class EventLog;
}  // namespace st::api

namespace st::capture {
class Cameras;
class Captures;
class Sessions;
}  // namespace st::capture

namespace st::live {
class Live;
}  // namespace st::live

namespace st::server {

struct Services {
    const CurrentOptions& options;
    Log log;
    api::Metrics& metrics;
    const std::atomic<bool>& shutting_down;  ///< no new sessions
    loop::EventLoop& control;                ///< post to it what is for the four below
    loop::EventLoop& disk;                   ///< for what would block: listings, downloads
    // The control loop's thread only:
    api::EventLog& events;
    capture::Cameras& cameras;
    capture::Captures& captures;
    capture::Sessions& sessions;
    record::Catalogue& catalogue;  ///< the disk loop's thread only
    record::Recorder& recorder;    ///< any thread
    live::Live& live;              ///< any thread
    source::Sources& sources;      ///< any thread
};

}  // namespace st::server
