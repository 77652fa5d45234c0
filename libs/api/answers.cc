#include "api/answers.h"

#include <utility>

#include "httpd/answers.h"

namespace st::api {

http::Response json_response(std::string body, int status) {
    return {status, "application/json", {{"Cache-Control", "no-store"}}, std::move(body) + "\n"};
}

http::Response refusal(const control::ApiError& error) {
    const int status = control::http_status(error.code);
    http::Response response = json_response(control::encode(error), status);
    for (Field& field : httpd::fields_of_refusal(status)) {
        response.fields.push_back(std::move(field));
    }
    return response;
}

}  // namespace st::api
