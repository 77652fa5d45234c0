#pragma once
/// What the server is told, room by room: plain values, checked before they get here. A reload puts
/// others in their place.
#include "api/authority_routes.h"
#include "api/disk_watch.h"
#include "archive/retention.h"
#include "auth/access.h"
#include "capture/options.h"
#include "httpd/options.h"
#include "live/options.h"
#include "loop/tls_context.h"
#include "notify/options.h"
#include "record/segment_options.h"

namespace st::server {

struct Options {
    httpd::Options http;
    capture::Options capture;
    api::DiskOptions disk;
    archive::RetentionOptions retention;
    live::Options live;
    notify::Options hooks;
    record::SegmentOptions segments;
    auth::Policy policy;
    loop::TlsContextPtr tls;      ///< of connections to come; null: no TLS listener
    api::AuthorityPtr authority;  ///< what /ca serves; null: nothing
};

}  // namespace st::server
