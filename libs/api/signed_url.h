#pragma once
/// URLs with a signature in them, as players, publishers and cameras are given them. Pure.
#include <cstdint>
#include <string>
#include <string_view>

#include "auth/access.h"
#include "base/result.h"

namespace st::api {

/// `url` (http, https, ws, wss, rtmp, rtmps, or a path alone) with `?sign=` for `role` until
/// `until_s` (Unix time) instead of the one it may have. What is signed is the path of the stream
/// that the URL names: /app/name, /app/name.flv, /play?app=&stream=, /publish?app=&stream=, or a
/// camera's /ingest/NAME or ?name=NAME, below any prefix of a proxy. Error.code 400.
Result<std::string> signed_url(std::string_view url, auth::Role role, std::string_view secret,
                               std::int64_t until_s);

}  // namespace st::api
