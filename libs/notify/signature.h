#pragma once
/// The signature of Standard Webhooks 1.0. Pure; any thread.
/// Spec: github.com/standard-webhooks, spec/standard-webhooks.md, "Signature scheme".
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "notify/options.h"

namespace st::notify {

/// The key in "whsec_" and base64. Error: what was expected; it does not quote the secret.
Result<std::string> parse_secret(std::string_view secret);

/// "v1,<base64>" for each key, separated by blanks: of "id.timestamp.body". Unix seconds.
std::string signature(const Keys& keys, std::string_view id, std::int64_t timestamp_s,
                      std::string_view body);

}  // namespace st::notify
