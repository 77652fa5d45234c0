#include "auth/signature.h"

#include <Poco/MD5Engine.h>

#include <algorithm>
#include <array>

#include "auth/sha256.h"
#include "base/field.h"
#include "base/units.h"

namespace st::auth {
namespace {

constexpr std::size_t kBlockBytes = 64;  // of SHA-256

/// RFC 2104.
std::string hmac_sha256(std::string_view key, std::string_view text) {
    std::array<std::uint8_t, kBlockBytes> block{};
    if (key.size() > kBlockBytes) {
        const Sha256 digest = sha256(as_bytes(key));
        std::copy(digest.begin(), digest.end(), block.begin());
    } else {
        std::copy(key.begin(), key.end(), block.begin());
    }
    std::string inner;
    std::string outer;
    for (const std::uint8_t byte : block) {
        inner += static_cast<char>(byte ^ 0x36U);
        outer += static_cast<char>(byte ^ 0x5CU);
    }
    inner += text;
    const Sha256 first = sha256(as_bytes(inner));
    outer.append(first.begin(), first.end());
    return to_hex(sha256(as_bytes(outer)));
}

std::string md5(std::string_view text) {
    Poco::MD5Engine engine;
    engine.update(text.data(), text.size());
    return Poco::DigestEngine::digestToHex(engine.digest());
}

/// Equal but for the case of letters, in a time that depends on the lengths alone.
bool equal_hex(std::string_view sent, std::string_view expected) {
    if (sent.size() != expected.size()) return false;
    unsigned different = 0;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        const char c =
            sent[i] >= 'A' && sent[i] <= 'F' ? static_cast<char>(sent[i] - 'A' + 'a') : sent[i];
        different |= static_cast<unsigned char>(c) ^ static_cast<unsigned char>(expected[i]);
    }
    return different == 0;
}

}  // namespace

std::string make_signature(std::string_view path, std::string_view secret, std::int64_t until_s) {
    const std::string exp = std::to_string(until_s);
    return exp + "-" + hmac_sha256(secret, std::string(path) + "-" + exp);
}

Result<void> check_signature(std::string_view sign, std::string_view path, std::string_view secret,
                             std::int64_t now_s) {
    constexpr std::uint64_t kUntilMax = 1ULL << 53;
    const std::size_t dash = std::min(sign.find('-'), sign.size());
    const std::string_view exp = sign.substr(0, dash);
    const auto until = parse_number(exp, kUntilMax);
    if (!until || dash == sign.size()) {
        return Error{"sign: expected <seconds since 1970>-<hex digest>", 401};
    }
    const std::string_view digest = sign.substr(dash + 1);
    const std::string signed_text = std::string(path) + "-" + std::string(exp);
    const bool is_hmac = equal_hex(digest, hmac_sha256(secret, signed_text));
    const bool is_md5 = equal_hex(digest, md5(signed_text + "-" + std::string(secret)));
    // Whether it has expired is told only to who has a right one.
    if (secret.empty() || !(is_hmac || is_md5)) {
        return Error{"sign: not a signature of " + std::string(path), 401};
    }
    if (static_cast<std::int64_t>(*until) < now_s) return Error{"sign: expired", 401};
    return {};
}

}  // namespace st::auth
