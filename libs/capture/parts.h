#pragma once
/// What a camera's connection works with. All of it outlives the connections.
#include <atomic>

#include "auth/access.h"
#include "auth/decision.h"
#include "base/current.h"
#include "base/event_sink.h"
#include "base/log.h"
#include "capture/counters.h"
#include "capture/options.h"
#include "httpd/counters.h"
#include "httpd/options.h"
#include "httpd/sessions.h"
#include "loop/event_loop.h"
#include "loop/task_pool.h"

namespace st::record {
class Recorder;
}  // namespace st::record

namespace st::hub {
class Hub;
}  // namespace st::hub

namespace st::capture {

class Cameras;
class Captures;
class JpegStreams;

struct Parts {
    const Current<Options>& options;
    const Current<httpd::Options>& http_options;
    Log log;
    Counters& counters;
    httpd::Counters& http_counters;
    const std::atomic<bool>& shutting_down;  ///< no new sessions
    loop::EventLoop& control;                ///< post to it what is for the three below
    // The control loop's thread only:
    EventSink& events;
    Cameras& cameras;
    Captures& captures;
    record::Recorder& recorder;  ///< any thread
    hub::Hub& hub;               ///< any thread
    JpegStreams& jpegs;          ///< any thread
    loop::BlockingWork& disk;    ///< any thread
    const Current<auth::Policy>& policy;
    const httpd::Sessions& sessions;
    const auth::Decide& decide;  ///< any thread; may be empty
};

}  // namespace st::capture
