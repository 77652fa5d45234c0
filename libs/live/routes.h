#pragma once
/// Requests of viewers and publishers by HTTP and WebSocket. docs/live.md.
#include "httpd/router.h"
#include "live/parts.h"

namespace st::live {

/// `parts` outlives the router.
void add_routes(httpd::Router& router, Parts& parts);

}  // namespace st::live
