#include "httpd/router.h"

#include "base/secrets.h"

namespace st::httpd {

std::string Request::shown_query() const {
    const std::size_t mark = head.target.find('?');
    if (mark == std::string::npos) return {};
    return http::without_credentials(std::string_view(head.target).substr(mark + 1));
}

std::string Request::shown_target() const {
    const std::string query = without_query_secrets(shown_query());
    return head.target.substr(0, head.target.find('?')) + (query.empty() ? "" : "?" + query);
}

Refusal method_refusal(const std::string& method, const std::string& allowed) {
    return {405, method + " is not possible here; it takes " + allowed, {{"Allow", allowed}}};
}

Plan Plan::refuse_method(const std::string& method, const std::string& allowed) {
    Plan plan;
    plan.refusal = method_refusal(method, allowed);
    return plan;
}

Plan Plan::refuse(int status, std::string message, std::vector<Field> fields) {
    Plan plan;
    plan.refusal = Refusal{status, std::move(message), std::move(fields)};
    return plan;
}

Plan Router::plan(const Request& request) const {
    for (const Route& route : request.upgrade ? upgrades_ : requests_) {
        if (auto plan = route(request)) return std::move(*plan);
    }
    return Plan::refuse(404, "there is nothing at " + request.target.path);
}

}  // namespace st::httpd
