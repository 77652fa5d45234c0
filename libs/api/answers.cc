#include "api/answers.h"

#include <system_error>
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

control::ApiError error_of(const std::exception& failure) {
    const auto* system = dynamic_cast<const std::system_error*>(&failure);
    const bool is_out_of_descriptors =
        system != nullptr && (system->code() == std::errc::too_many_files_open ||
                              system->code() == std::errc::too_many_files_open_in_system);
    if (!is_out_of_descriptors) return {control::ErrorCode::internal, failure.what(), {}};
    return {control::ErrorCode::unavailable,
            "the server has too many files open: try again in a moment",
            {}};
}

}  // namespace st::api
