#pragma once
/// Signed URLs: `?sign=<exp>-<digest>`, where exp is the second (Unix time) until which the
/// signature holds. The digest, in hex, is either
///
///     HMAC-SHA-256 of "<role>:/app/name-<exp>", key secret    for that role alone
///     MD5 of "/app/name-<exp>-<secret>"    what older publishing tools make; for every role
///
/// Pure; any thread.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace st::auth {

/// Is `sign` a signature of `path` ("/app/name"; a camera's is "/camera/<name>") for `role` that
/// still holds at `now_s`? The time taken does not tell how much of a digest is right. Error.code
/// 401. An empty secret signs nothing.
Result<void> check_signature(std::string_view sign, std::string_view role, std::string_view path,
                             std::string_view secret, std::int64_t now_s);

/// A signature of the first kind, for tools and tests.
std::string make_signature(std::string_view role, std::string_view path, std::string_view secret,
                           std::int64_t until_s);

}  // namespace st::auth
