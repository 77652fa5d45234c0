#pragma once
/// What programs that watch over the server ask: /healthz, /readyz, /metrics, and the older
/// server's /api/statistics. docs/operations.md, "Watching it".
#include <optional>

#include "api/metrics.h"
#include "api/operations.h"
#include "api/parts.h"
#include "httpd/router.h"

namespace st::api {

class WatchRoutes {
 public:
    /// All of it outlives this.
    WatchRoutes(Parts& parts, const Operations::Facts& facts) : parts_(parts), facts_(facts) {}

    /// nullopt: the request is for another route.
    std::optional<httpd::Plan> plan(const httpd::Request& request);

 private:
    void tell_ready(const httpd::Reply& reply);
    void send_metrics(const httpd::Reply& reply);
    MetricsOfParts figures() const;
    httpd::Answer metrics(const MetricsOfParts& made) const;

    Parts& parts_;
    const Operations::Facts& facts_;
};

}  // namespace st::api
