#include "httpd/answers.h"

#include "json/write.h"

namespace st::httpd {

std::string_view error_code(int status) {
    switch (status) {
        case 401:
            return "unauthorized";
        case 403:
            return "forbidden";
        case 404:
            return "not_found";
        case 405:
            return "method_not_allowed";
        case 409:
            return "conflict";
        case 413:
            return "too_large";
        case 415:
            return "unsupported_media_type";
        case 429:
            return "too_many_requests";
        case 500:
            return "internal";
        case 503:
            return "unavailable";
        default:
            return "bad_request";
    }
}

std::vector<Field> fields_of_refusal(int status) {
    if (status == 401) return {{"WWW-Authenticate", "Bearer"}};
    if (status == 429 || status == 503) return {{"Retry-After", std::to_string(kRetryAfterS)}};
    return {};
}

http::Response error_response(int status, std::string_view message) {
    http::Response response;
    response.status = status;
    response.content_type = "application/json";
    response.fields = {{"Cache-Control", "no-store"}};
    for (Field& field : fields_of_refusal(status)) response.fields.push_back(std::move(field));
    response.body = "{\"error\":{\"code\":\"" + std::string(error_code(status)) +
                    "\",\"message\":" + json::write(message) + ",\"field\":null}}\n";
    return response;
}

}  // namespace st::httpd
