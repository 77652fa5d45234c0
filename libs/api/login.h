#pragma once
/// Logging in with a browser: GET and POST /api/v1/login, POST /api/v1/logout. docs/http-api.md.
#include <optional>

#include "api/parts.h"
#include "httpd/router.h"

namespace st::api {

class Login {
 public:
    explicit Login(Parts& parts) : parts_(parts) {}

    /// nullopt: the request is for another route.
    std::optional<httpd::Plan> plan(const httpd::Request& request);

 private:
    void log_in(const httpd::Request& request, const httpd::Reply& reply);
    http::Response log_out(const httpd::Request& request);
    /// Which roles a request with those facts may take.
    http::Response tell_rights(const auth::Facts& facts) const;
    void answer_rights(const httpd::Request& request, const httpd::Reply& reply);
    void refuse_later(const httpd::Request& request, const httpd::Reply& reply);
    void reply_later(const httpd::Request& request, const httpd::Reply& reply,
                     http::Response response);

    Parts& parts_;
};

/// The answer to login.link: a code that logs one browser in. Throws std::runtime_error without
/// random bytes.
std::string make_login_link(httpd::Sessions& sessions);

}  // namespace st::api
