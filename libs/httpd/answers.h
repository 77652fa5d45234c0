#pragma once
/// The one shape of a refusal by HTTP: {"error":{"code","message","field"}}. docs/http-api.md.
#include <string>
#include <string_view>

#include "http/response.h"

namespace st::httpd {

/// "not_found" for 404; "bad_request" for statuses that have no code of their own (408, 426, 431).
std::string_view error_code(int status);

/// A refusal with that status; 401 asks for a token.
http::Response error_response(int status, std::string_view message);

}  // namespace st::httpd
