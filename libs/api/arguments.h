#pragma once
/// What several operations read from a call's arguments, and how they answer. Private to libs/api.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "control/error.h"
#include "control/list.h"
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

/// A reply of libs/control as its JSON, or why there is none.
template <class Reply>
control::Decoded<std::string> encoded(const control::Decoded<Reply>& made) {
    if (!made) return made.error();
    return encode(*made);
}

/// The same of what has no other reply than its name.
inline control::Decoded<std::string> encoded_done(std::string_view what,
                                                  const control::Decoded<std::string>& name) {
    if (!name) return name.error();
    return control::encode_done(what, *name);
}

}  // namespace st::api
