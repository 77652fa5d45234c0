#pragma once
/// The two shapes of the API's answers. docs/http-api.md.
#include <exception>
#include <string>

#include "control/error.h"
#include "http/response.h"

namespace st::api {

/// `body` without its last newline.
http::Response json_response(std::string body, int status = 200);

/// As httpd::error_response, with the error's field.
http::Response refusal(const control::ApiError& error);

/// What a request failed with that nothing else answers: 500, or 503 without descriptors.
control::ApiError error_of(const std::exception& failure);

}  // namespace st::api
