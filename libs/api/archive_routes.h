#pragma once
/// What is stored of streams and cameras, as bytes: any span as one MP4, the picture of any moment.
/// GET /api/v1/streams/APP/NAME/archive.mp4 and .../picture.jpg; docs/archive.md.
#include <string>
#include <vector>

#include "api/parts.h"
#include "httpd/router.h"

namespace st::api {

class ArchiveRoutes {
 public:
    /// Movies and pictures made at once. Of movies one less: a picture need not wait for them.
    static constexpr unsigned kThreads = 3;

    explicit ArchiveRoutes(Parts& parts) : parts_(parts) {}

    /// Whether the path (with its "api", "v1") is one of these.
    static bool is_here(const std::vector<std::string>& segments);
    void answer(httpd::Request request, const httpd::Reply& reply);

 private:
    httpd::Answer movie(const httpd::Request& request);
    httpd::Answer picture(const httpd::Request& request);

    Parts& parts_;
};

}  // namespace st::api
