#pragma once
/// What several operations read from a call's arguments, and how they answer. Private to libs/api.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "control/error.h"
#include "control/operations.h"

namespace st::api {

/// "/app/name" of a live stream or source.
inline std::string path_of(const control::Call& call) {
    return "/" + *call.find("app") + "/" + *call.find("name");
}

inline std::uint64_t number_or(const control::Call& call, std::string_view name,
                               std::uint64_t fallback) {
    const std::string* text = call.find(name);
    return text == nullptr ? fallback : *parse_number(*text, ~std::uint64_t{0});  // checked before
}

inline control::ApiError foreign_cursor() {
    return {control::ErrorCode::bad_request, "cursor: not one this server gave out", "cursor"};
}

/// Its code is an HTTP status.
inline control::ApiError to_error(const Error& error) {
    return {control::code_of_status(error.code), error.message, {}};
}

}  // namespace st::api
