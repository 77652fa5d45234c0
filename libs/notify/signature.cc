#include "notify/signature.h"

#include "base/encodings.h"
#include "digest/digest.h"

namespace st::notify {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kKeyBytesMin = 24;
constexpr std::size_t kKeyBytesMax = 64;

}  // namespace

Result<std::string> parse_secret(std::string_view secret) {
    static constexpr const char* kExpected =
        "expected whsec_ and base64 of 24 to 64 bytes, as of: "
        "echo whsec_$(openssl rand -base64 32)";
    if (!secret.starts_with(kPrefix)) return Error{kExpected};
    const auto key = base64_decode(secret.substr(kPrefix.size()));
    if (!key || key->size() < kKeyBytesMin || key->size() > kKeyBytesMax) return Error{kExpected};
    return std::string(key->begin(), key->end());
}

std::string signature(const Keys& keys, std::string_view id, std::int64_t timestamp_s,
                      std::string_view body) {
    std::string text(id);
    text += "." + std::to_string(timestamp_s) + ".";
    text += body;
    std::string out;
    for (const std::string& key : keys) {
        const digest::Sha256 mac = digest::hmac_sha256(key, as_bytes(text));
        out += (out.empty() ? "v1," : " v1,") + base64_encode(Bytes(mac));
    }
    return out;
}

}  // namespace st::notify
