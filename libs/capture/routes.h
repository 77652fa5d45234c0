#pragma once
/// Cameras' requests: every upgrade that nobody else wants is a camera's. docs/camera.md.
#include "capture/parts.h"
#include "httpd/router.h"

namespace st::capture {

/// GET and HEAD of /mjpeg/<name>. To be added before whoever takes what is left of requests.
void add_picture_routes(httpd::Router& router, const Parts& parts);

/// `parts` outlives the router. To be added after all other upgrades.
void add_routes(httpd::Router& router, const Parts& parts);

}  // namespace st::capture
