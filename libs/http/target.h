#pragma once
/// Request targets: path and query, cut first and decoded after, so that "%2f" can never make a
/// new segment. RFC 3986. Pure.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace st::http {

constexpr std::size_t kSegmentBytesMax = 255;
constexpr std::size_t kSegmentsMax = 32;
constexpr std::size_t kQueryPairsMax = 64;

struct Target {
    std::string path;                   ///< as sent, without the query: for messages and logs
    std::vector<std::string> segments;  ///< decoded; "/" has none, "/a//b/" has a and b
    std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order

    /// The first value of that query parameter; nullptr if there is none.
    const std::string* find(std::string_view name) const;
};

/// Origin-form ("/a/b?c=d"). Error.code 400: no leading slash, a bad or cut-off escape, an encoded
/// slash, backslash or control byte, text that is not UTF-8, a segment "." or "..", a limit.
Result<Target> parse_target(std::string_view text);

/// "c=d&e=f" with %XX and '+' as space. Error.code 400.
Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

/// A query as it was sent without what proves a right here: `token` and `sign`, and what has
/// escapes in its name, which could be one of these. Secrets for others may be left in it: whoever
/// shows it hides them with without_query_secrets() (base/secrets.h).
std::string without_credentials(std::string_view query);

}  // namespace st::http
