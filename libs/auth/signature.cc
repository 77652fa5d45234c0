#include "auth/signature.h"

#include <algorithm>

#include "base/encodings.h"
#include "base/units.h"
#include "digest/digest.h"

namespace st::auth {
namespace {

/// The digits somebody sent, of either case, against what they should be.
bool is_hex_of(std::string_view sent, Bytes expected) {
    const auto bytes = hex_decode(sent);
    return bytes && digest::equal_constant_time(*bytes, expected);
}

}  // namespace

std::string make_signature(std::string_view role, std::string_view path, std::string_view secret,
                           std::int64_t until_s) {
    const std::string exp = std::to_string(until_s);
    const std::string text = std::string(role) + ":" + std::string(path) + "-" + exp;
    return exp + "-" + hex_encode(digest::hmac_sha256(secret, as_bytes(text)));
}

Result<void> check_signature(std::string_view sign, std::string_view role, std::string_view path,
                             std::string_view secret, std::int64_t now_s) {
    constexpr std::uint64_t kUntilMax = 1ULL << 53;
    const std::size_t dash = std::min(sign.find('-'), sign.size());
    const std::string_view exp = sign.substr(0, dash);
    const auto until = parse_number(exp, kUntilMax);
    if (!until || dash == sign.size()) {
        return Error{"sign: expected <seconds since 1970>-<hex digest>", 401};
    }
    const std::string_view digits = sign.substr(dash + 1);
    const std::string signed_text = std::string(path) + "-" + std::string(exp);
    const std::string role_text = std::string(role) + ":" + signed_text;
    const bool is_hmac = is_hex_of(digits, digest::hmac_sha256(secret, as_bytes(role_text)));
    const bool is_md5 =
        is_hex_of(digits, digest::md5(as_bytes(signed_text + "-" + std::string(secret))));
    // Whether it has expired is told only to who has a right one.
    if (secret.empty() || !(is_hmac || is_md5)) {
        return Error{"sign: not a signature of " + std::string(path) + " for " + std::string(role),
                     401};
    }
    if (static_cast<std::int64_t>(*until) < now_s) return Error{"sign: expired", 401};
    return {};
}

}  // namespace st::auth
