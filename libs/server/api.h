#pragma once
/// The HTTP API: which operation a request means, and its answer. Spec: docs/http-api.md.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "auth/access.h"
#include "http/head.h"
#include "http/response.h"
#include "http/target.h"
#include "server/file_sender.h"
#include "server/services.h"

namespace st::server {

struct ApiRequest {
    http::RequestHead head;
    http::Target target;
    std::string body;
    auth::Facts facts;
};

struct ApiAnswer {
    http::Response response;
    std::optional<FileRange> file;  ///< sent behind the response's head instead of its body
};
using ApiReply = std::function<void(ApiAnswer)>;

/// {"error":...} with its status.
http::Response error_response(int status, const std::string& message);

class Api {
 public:
    /// What the status page shows that the server does not know by itself.
    struct Facts {
        std::string version;
        std::int64_t started_us = 0;
        std::vector<std::string> urls;
        std::vector<const loop::BusyStats*> busy;
        std::function<std::size_t(std::size_t)> connections_of_loop;
    };

    Api(Services& services, Facts facts) : services_(services), facts_(std::move(facts)) {}

    /// Called before a body is read: refuses (status >= 400) what needs no body to be refused.
    std::optional<http::Response> refuse(const ApiRequest& request) const;
    /// Any thread. `reply` is called exactly once, on any thread, perhaps before this returns.
    void handle(ApiRequest request, ApiReply reply);

 private:
    void route_v1(ApiRequest request, const ApiReply& reply);
    void cameras(const ApiRequest& request, const ApiReply& reply);
    void events(const ApiRequest& request, const ApiReply& reply);
    void capture(const ApiRequest& request, const ApiReply& reply);
    void recordings(ApiRequest request, const ApiReply& reply);
    void status(const ApiReply& reply);
    http::Response metrics() const;

    Services& services_;
    const Facts facts_;
};

}  // namespace st::server
