#include "digest/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "base/encodings.h"

namespace st::digest {
namespace {

template <class Digest>
Digest digest_of(Bytes bytes, const EVP_MD* algorithm, const char* name) {
    Digest digest{};
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, algorithm, nullptr) != 1 ||
        size != digest.size()) {
        throw std::runtime_error(std::string("OpenSSL refuses ") + name);
    }
    return digest;
}

}  // namespace

Md5 md5(Bytes bytes) { return digest_of<Md5>(bytes, EVP_md5(), "MD5"); }

Sha1 sha1(Bytes bytes) { return digest_of<Sha1>(bytes, EVP_sha1(), "SHA-1"); }

Sha256 sha256(Bytes bytes) { return digest_of<Sha256>(bytes, EVP_sha256(), "SHA-256"); }

Sha256 hmac_sha256(std::string_view key, Bytes bytes) {
    Sha256 digest{};
    unsigned size = 0;
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes.data(), bytes.size(),
             digest.data(), &size) == nullptr ||
        size != digest.size()) {
        throw std::runtime_error("OpenSSL refuses HMAC with SHA-256");
    }
    return digest;
}

struct Sha256Stream::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { EVP_MD_CTX_free(context); }
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
    if (EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("OpenSSL refuses SHA-256");
}

Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::add(Bytes bytes) {
    if (EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) != 1)
        throw std::runtime_error("OpenSSL refuses SHA-256");
}

Sha256 Sha256Stream::finish() {
    Sha256 digest{};
    unsigned size = 0;
    if (EVP_DigestFinal_ex(state_->context, digest.data(), &size) != 1 || size != digest.size())
        throw std::runtime_error("OpenSSL refuses SHA-256");
    return digest;
}

Result<Sha256> parse_sha256(std::string_view hex) {
    Sha256 digest{};
    if (hex.size() != 2 * digest.size()) {
        return Error{"sha256: " + std::to_string(hex.size()) + " characters, expected 64"};
    }
    const auto bytes = hex_decode(hex);
    if (!bytes) return Error{"sha256: expected hex digits"};
    std::copy(bytes->begin(), bytes->end(), digest.begin());
    return digest;
}

bool equal_constant_time(Bytes a, Bytes b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace st::digest
