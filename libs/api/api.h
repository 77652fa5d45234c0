#pragma once
/// The HTTP API: which operation a request means, and its answer. Spec: docs/http-api.md.
#include <optional>

#include "api/archive_routes.h"
#include "api/control_connection.h"
#include "api/login.h"
#include "api/older_records.h"
#include "api/operations.h"
#include "api/parts.h"
#include "api/watch_routes.h"
#include "http/response.h"
#include "httpd/router.h"

namespace st::api {

class Api {
 public:
    Api(Parts& parts, Operations& operations);

    /// /api, /metrics, /healthz, /readyz and /control. To be added after the live streams' routes:
    /// of requests it takes all that is left. This outlives the router.
    void add_routes(httpd::Router& router);

 private:
    httpd::Plan plan(const httpd::Request& request);
    httpd::Plan plan_events(const httpd::Request& request);
    std::optional<httpd::Plan> plan_control(const httpd::Request& request);
    httpd::LastingAccess access_of(const httpd::Request& request) const;
    void handle(httpd::Request request, const httpd::Reply& reply);
    void send_recorded_file(httpd::Request request, const httpd::Reply& reply);
    void send_segment(httpd::Request request, const httpd::Reply& reply);

    Parts& parts_;
    Operations& operations_;
    const ControlConnection::Uses control_uses_;
    Login login_;
    OlderRecords records_;
    WatchRoutes watch_;
    ArchiveRoutes archive_;
};

}  // namespace st::api
