#include "control/error.h"

#include <array>

#include "base/text.h"
#include "control/json.h"
#include "json/write.h"

namespace st::control {
namespace {

struct Row {
    ErrorCode code;
    std::string_view text;
    int http_status;
};

// First row of a status = what a status alone (without a readable body) means.
constexpr std::array<Row, 13> kRows = {{
    {ErrorCode::bad_request, "bad_request", 400},
    {ErrorCode::unauthorized, "unauthorized", 401},
    {ErrorCode::forbidden, "forbidden", 403},
    {ErrorCode::not_found, "not_found", 404},
    {ErrorCode::method_not_allowed, "method_not_allowed", 405},
    {ErrorCode::conflict, "conflict", 409},
    {ErrorCode::no_cameras, "no_cameras", 409},
    {ErrorCode::take_exists, "take_exists", 409},
    {ErrorCode::too_large, "too_large", 413},
    {ErrorCode::unsupported_media_type, "unsupported_media_type", 415},
    {ErrorCode::too_many_requests, "too_many_requests", 429},
    {ErrorCode::internal, "internal", 500},
    {ErrorCode::unavailable, "unavailable", 503},
}};

const Row& row(ErrorCode code) {
    for (const Row& candidate : kRows) {
        if (candidate.code == code) return candidate;
    }
    return kRows[11];
}

ErrorCode code_from(std::string_view text, int status) {
    for (const Row& candidate : kRows) {
        if (candidate.text == text) return candidate.code;
    }
    return code_of_status(status);
}

}  // namespace

std::string_view to_text(ErrorCode code) { return row(code).text; }

int http_status(ErrorCode code) { return row(code).http_status; }

ErrorCode code_of_status(int http_status) {
    for (const Row& candidate : kRows) {
        if (candidate.http_status == http_status) return candidate.code;
    }
    return ErrorCode::internal;
}

std::string encode(const ApiError& error) {
    json::Object inner;
    inner.set("code", to_text(error.code));
    inner.set("message", clean_text(error.message, kErrorBytesMax));
    inner.set("field", error.field ? json::Value(shown(*error.field)) : json::Value());
    json::Object outer;
    outer.set("error", inner);
    return json::write(outer);
}

ApiError decode_error(std::string_view body, int http_status) {
    const auto alien = [&] {
        return ApiError{code_of_status(http_status),
                        "HTTP status " + std::to_string(http_status) + " without an explanation",
                        {}};
    };
    const auto outer = parse_object(body);
    if (!outer) return alien();
    ObjectReader reader(*outer);
    const json::Object* const inner = reader.object("error");
    if (inner == nullptr) return alien();
    ObjectReader fields(*inner);
    std::string code;
    ApiError error;
    fields.require("code");
    fields.require("message");
    fields.read("code", code);
    fields.read("message", error.message);
    fields.read("field", error.field);
    if (fields.failed()) return alien();
    error.code = code_from(code, http_status);
    return error;
}

}  // namespace st::control
