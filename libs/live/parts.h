#pragma once
/// What viewers and publishers work with. All of it outlives the connections.
#include <atomic>

#include "auth/access.h"
#include "base/current.h"
#include "base/log.h"
#include "httpd/counters.h"
#include "httpd/options.h"
#include "httpd/sessions.h"
#include "httpd/token_guard.h"
#include "live/options.h"
#include "loop/event_loop.h"
#include "worker/job.h"

namespace st::live {

class Live;

struct Parts {
    const Current<Options>& options;
    const Current<httpd::Options>& http_options;
    const Current<auth::Policy>& policy;
    const httpd::Sessions& sessions;  ///< any thread
    Log log;
    httpd::Counters& http_counters;
    httpd::TokenGuard& wrong_tokens;  ///< any thread
    const std::atomic<bool>& shutting_down;
    loop::EventLoop& control;
    Live& live;                     ///< any thread
    const worker::RunJob& run_job;  ///< any thread
};

}  // namespace st::live
