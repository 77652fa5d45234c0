#pragma once
/// What the operations work with. All of it outlives them.
#include <string>

#include "api/disk_watch.h"
#include "auth/access.h"
#include "base/current.h"
#include "base/log.h"
#include "capture/counters.h"
#include "httpd/counters.h"
#include "httpd/options.h"
#include "httpd/sessions.h"
#include "httpd/token_guard.h"
#include "loop/event_loop.h"
#include "loop/task_pool.h"

namespace st::archive {
class Archive;
class Catalogue;
}  // namespace st::archive

namespace st::record {
class Recorder;
class Segments;
}  // namespace st::record

namespace st::takes {
class Takes;
}  // namespace st::takes

namespace st::capture {
class Cameras;
class Captures;
class JpegStreams;
}  // namespace st::capture

namespace st::live {
class Sources;
class Live;
struct Parts;
}  // namespace st::live

namespace st::notify {
class Hooks;
}  // namespace st::notify

namespace st::api {

class EventLog;
class Tokens;

struct Parts {
    const Current<httpd::Options>& http_options;
    const Current<auth::Policy>& policy;
    Log log;
    httpd::Counters& http_counters;
    const capture::Counters& capture_counters;
    loop::EventLoop& control;  ///< post to it what is for the three below
    loop::BlockingWork& disk;  ///< for what would block: listings, downloads
    DiskRoom& disk_room;       ///< the control loop's thread only
    // The control loop's thread only:
    EventLog& events;
    capture::Cameras& cameras;
    capture::Captures& captures;
    capture::JpegStreams& jpegs;    ///< any thread
    archive::Archive& archive;      ///< any thread that may block
    archive::Catalogue& catalogue;  ///< any thread that may block
    record::Recorder& recorder;     ///< any thread
    takes::Takes& takes;            ///< any thread that may block
    record::Segments& segments;     ///< any thread
    live::Parts& live_parts;
    live::Live& live;            ///< any thread
    loop::BlockingWork& movies;  ///< for what takes minutes: movies and pictures of the archive
    live::Sources& sources;      ///< any thread
    httpd::Sessions& sessions;
    httpd::TokenGuard& wrong_tokens;
    const Current<DiskOptions>& disk_watch;
    notify::Hooks& hooks;  ///< any thread
    Tokens& tokens;        ///< the control loop's thread only
    std::string recordings_path;
};

}  // namespace st::api
