#pragma once
/// The one shape of a refusal: {"error":{"code","message","field"}}. Pure.
/// Spec: docs/http-api.md, "Errors". The code names what happened, the HTTP status follows from it.
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace st::control {

/// What went wrong; the text form is on the wire, so a value may be added but never renamed.
enum class ErrorCode {
    bad_request,             ///< 400: not JSON, unknown field, wrong type, out of range
    unauthorized,            ///< 401: no token, or a wrong one
    forbidden,               ///< 403: not from here, or not this role
    not_found,               ///< 404
    method_not_allowed,      ///< 405
    conflict,                ///< 409: the thing is in a state that does not allow it
    no_cameras,              ///< 409: nothing is connected
    take_exists,             ///< 409: recordings have that take, and all of them have ended
    too_large,               ///< 413
    unsupported_media_type,  ///< 415
    too_many_requests,       ///< 429
    internal,                ///< 500: our own fault
    unavailable,             ///< 503: shutting down, or a limit is reached
};

struct ApiError {
    ErrorCode code = ErrorCode::internal;
    std::string message;               ///< what, got, expected; for people
    std::optional<std::string> field;  ///< the field at fault, e.g. "resolution.width"
};

/// What decoding a request or a reply gives.
template <class T>
using Decoded = Result<T, ApiError>;

std::string_view to_text(ErrorCode code);
int http_status(ErrorCode code);
/// What a status alone means; one that no code has is our own fault.
ErrorCode code_of_status(int http_status);

/// A message may quote what a peer sent: it is cleaned (base/text.h) and cut to this.
constexpr std::size_t kErrorBytesMax = 2000;
std::string encode(const ApiError& error);

/// The error in a reply body. A body that is not of that shape (a proxy's page) becomes an error
/// that says so, with the code that fits `http_status`.
ApiError decode_error(std::string_view body, int http_status);

}  // namespace st::control
