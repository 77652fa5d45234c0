#pragma once
/// The HTTP API: which operation a request means, and its answer. Spec: docs/http-api.md.
#include <functional>
#include <optional>
#include <string>

#include "api/operations.h"
#include "api/parts.h"
#include "auth/access.h"
#include "http/head.h"
#include "http/response.h"
#include "http/target.h"
#include "httpd/file_sender.h"

namespace st::api {

struct ApiRequest {
    http::RequestHead head;
    http::Target target;
    std::string body;
    auth::Facts facts;
};

struct ApiAnswer {
    http::Response response;
    std::optional<httpd::FileRange> file;  ///< sent behind the response's head instead of its body
};
using ApiReply = std::function<void(ApiAnswer)>;

class Api {
 public:
    Api(Parts& parts, Operations& operations) : parts_(parts), operations_(operations) {}

    /// Called before a body is read: refuses (status >= 400) what needs no body to be refused.
    std::optional<http::Response> refuse(const ApiRequest& request) const;
    /// Any thread. `reply` is called exactly once, on any thread, perhaps before this returns.
    void handle(ApiRequest request, const ApiReply& reply);

 private:
    void send_recorded_file(ApiRequest request, const ApiReply& reply);
    http::Response metrics() const;

    Parts& parts_;
    Operations& operations_;
};

}  // namespace st::api
