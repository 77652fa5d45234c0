#pragma once
/// The one shape of a refusal by HTTP: {"error":{"code","message","field"}}. docs/http-api.md.
#include <string>
#include <string_view>
#include <vector>

#include "base/field.h"
#include "http/response.h"

namespace st::httpd {

/// "not_found" for 404; "bad_request" for statuses that have no code of their own (408, 426, 431).
std::string_view error_code(int status);

/// After so many seconds it may be worth to try again what a limit refused.
constexpr int kRetryAfterS = 5;

/// What the header of a refusal says beside its status: 401 asks for a token, 429 and 503 say when
/// to come again.
std::vector<Field> fields_of_refusal(int status);

/// A refusal with that status, and those fields.
http::Response error_response(int status, std::string_view message);

}  // namespace st::httpd
