#include "certificate/authority.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <memory>

#include "base/encodings.h"

namespace st::certificate {
namespace {

template <auto free_it>
struct Free {
    template <class T>
    void operator()(T* object) const {
        free_it(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Memory = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Names = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;
using Constraints = std::unique_ptr<NAME_CONSTRAINTS, Free<NAME_CONSTRAINTS_free>>;
using Store = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Free<X509_STORE_CTX_free>>;

constexpr std::size_t kCommonNameMax = 64;  // RFC 5280, ub-common-name

void check(bool ok, const std::string& what) {
    if (ok) return;
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    throw CertificateError("certificate: " + what + ": " + (reason == nullptr ? "failed" : reason));
}

std::string text_of(BIO* memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(size)};
}

Memory reader_of(const std::string& text) {
    Memory memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    check(memory != nullptr, "memory");
    return memory;
}

int no_password(char*, int, int, void*) { return -1; }

Certificate certificate_of(const std::string& pem) {
    ERR_clear_error();
    Certificate certificate(PEM_read_bio_X509(reader_of(pem).get(), nullptr, no_password, nullptr));
    check(certificate != nullptr, "expected PEM");
    return certificate;
}

Key key_of(const std::string& pem) {
    ERR_clear_error();
    Key key(PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, no_password, nullptr));
    check(key != nullptr, "expected a private key in PEM");
    return key;
}

/// Begins a certificate: version, serial number, validity, subject.
Certificate begin(const std::string& common_name, const Validity& validity, EVP_PKEY* key) {
    Certificate certificate(X509_new());
    check(certificate != nullptr, "memory");
    X509* x509 = certificate.get();
    check(X509_set_version(x509, X509_VERSION_3) == 1, "version");
    std::array<unsigned char, 16> random{};
    check(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1, "random number");
    random[0] = static_cast<unsigned char>((random[0] & 0x3F) | 0x40);  // positive, full length
    const std::unique_ptr<BIGNUM, Free<BN_free>> number(
        BN_bin2bn(random.data(), static_cast<int>(random.size()), nullptr));
    check(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x509)) != nullptr,
          "serial number");
    const auto seconds = [](std::chrono::hours hours) {
        return static_cast<long>(std::chrono::seconds(hours).count());
    };
    check(X509_gmtime_adj(X509_getm_notBefore(x509), seconds(validity.from)) != nullptr &&
              X509_gmtime_adj(X509_getm_notAfter(x509), seconds(validity.until)) != nullptr,
          "validity");
    check(X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(common_name.data()),
                                     static_cast<int>(std::min(common_name.size(), kCommonNameMax)),
                                     -1, 0) == 1,
          common_name);
    check(X509_set_pubkey(x509, key) == 1, "public key");
    return certificate;
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    check(extension && X509_add_ext(certificate, extension.get(), -1) == 1, value);
}

void add_name(GENERAL_NAMES* names, int type, const std::string& text) {
    GENERAL_NAME* name = a2i_GENERAL_NAME(nullptr, nullptr, nullptr, type, text.c_str(), 0);
    check(name != nullptr, text);
    if (sk_GENERAL_NAME_push(names, name) == 0) {
        GENERAL_NAME_free(name);
        check(false, text);
    }
}

/// RFC 5280, 4.2.1.10: of an address and its mask, one behind the other.
GENERAL_NAME* network_name(const std::string& text) {
    const std::size_t slash = text.find('/');
    check(slash != std::string::npos, text);
    std::array<unsigned char, 32> bytes{};
    const std::string address = text.substr(0, slash);
    const bool is_v6 = address.find(':') != std::string::npos;
    const std::size_t size = is_v6 ? 16 : 4;
    const unsigned long bits = std::strtoul(text.c_str() + slash + 1, nullptr, 10);
    check(::inet_pton(is_v6 ? AF_INET6 : AF_INET, address.c_str(), bytes.data()) == 1 &&
              bits <= size * 8,
          text);
    for (std::size_t i = 0; i < size; ++i) {
        const std::size_t left = bits > i * 8 ? std::min<std::size_t>(bits - i * 8, 8) : 0;
        bytes[size + i] = static_cast<unsigned char>(0xFF00U >> left);
        bytes[i] &= bytes[size + i];
    }
    ASN1_OCTET_STRING* octets = ASN1_OCTET_STRING_new();
    GENERAL_NAME* name = GENERAL_NAME_new();
    check(octets && name &&
              ASN1_OCTET_STRING_set(octets, bytes.data(), static_cast<int>(2 * size)) == 1,
          text);
    GENERAL_NAME_set0_value(name, GEN_IPADD, octets);
    return name;
}

GENERAL_NAME* dns_name(const std::string& text) {
    GENERAL_NAME* name = a2i_GENERAL_NAME(nullptr, nullptr, nullptr, GEN_DNS, text.c_str(), 0);
    check(name != nullptr, text);
    return name;
}

void add_limits(X509* certificate, const Limits& limits) {
    const Constraints constraints(NAME_CONSTRAINTS_new());
    check(constraints != nullptr, "memory");
    constraints->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
    const auto permit = [&](GENERAL_NAME* name) {
        GENERAL_SUBTREE* subtree = GENERAL_SUBTREE_new();
        check(subtree != nullptr, "memory");
        GENERAL_NAME_free(subtree->base);
        subtree->base = name;
        check(sk_GENERAL_SUBTREE_push(constraints->permittedSubtrees, subtree) > 0, "memory");
    };
    for (const std::string& name : limits.names) permit(dns_name(name));
    for (const std::string& network : limits.networks) permit(network_name(network));
    check(X509_add1_ext_i2d(certificate, NID_name_constraints, constraints.get(), 1,
                            X509V3_ADD_DEFAULT) == 1,
          "name constraints");
}

CertificateAndKey signed_by(X509* certificate, EVP_PKEY* key, EVP_PKEY* signer) {
    check(X509_sign(certificate, signer, EVP_sha256()) != 0, "signature");
    const Memory certificate_pem(BIO_new(BIO_s_mem()));
    const Memory key_pem(BIO_new(BIO_s_mem()));
    check(certificate_pem && PEM_write_bio_X509(certificate_pem.get(), certificate) == 1, "PEM");
    check(key_pem && PEM_write_bio_PrivateKey(key_pem.get(), key, nullptr, nullptr, 0, nullptr,
                                              nullptr) == 1,
          "PEM");
    return {text_of(certificate_pem.get()), text_of(key_pem.get())};
}

std::string ascii_of(const ASN1_STRING* text) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_of(const unsigned char* bytes, std::size_t size) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool fits = size == 4 || size == 16;
    check(fits && ::inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, text.data(), text.size()),
          "an address");
    return text.data();
}

/// "10.0.0.0/8" of an address and its mask.
std::string network_of(const ASN1_STRING* octets) {
    const unsigned char* bytes = ASN1_STRING_get0_data(octets);
    const std::size_t size = static_cast<std::size_t>(ASN1_STRING_length(octets)) / 2;
    int bits = 0;
    for (std::size_t i = size; i < 2 * size; ++i) {
        bits += std::popcount(static_cast<unsigned>(bytes[i]));
    }
    return address_of(bytes, size) + "/" + std::to_string(bits);
}

void read_names(X509* certificate, Facts& facts) {
    const Names names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_DNS) facts.names.push_back(ascii_of(name->d.dNSName));
        if (name->type == GEN_IPADD) {
            facts.addresses.push_back(
                address_of(ASN1_STRING_get0_data(name->d.iPAddress),
                           static_cast<std::size_t>(ASN1_STRING_length(name->d.iPAddress))));
        }
    }
    std::ranges::sort(facts.names);
    std::ranges::sort(facts.addresses);
}

void read_limits(X509* certificate, Limits& limits) {
    const Constraints constraints(static_cast<NAME_CONSTRAINTS*>(
        X509_get_ext_d2i(certificate, NID_name_constraints, nullptr, nullptr)));
    if (!constraints) return;
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees); ++i) {
        const GENERAL_NAME* base =
            sk_GENERAL_SUBTREE_value(constraints->permittedSubtrees, i)->base;
        if (base->type == GEN_DNS) limits.names.push_back(ascii_of(base->d.dNSName));
        if (base->type == GEN_IPADD) limits.networks.push_back(network_of(base->d.iPAddress));
    }
}

std::string fingerprint_of(X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    check(X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1, "fingerprint");
    return colon_hex({digest.data(), size});
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME* time) {
    std::tm fields{};
    check(ASN1_TIME_to_tm(time, &fields) == 1, "validity");
    return std::chrono::system_clock::from_time_t(::timegm(&fields));
}

}  // namespace

CertificateAndKey make_authority(const AuthorityWanted& wanted) {
    ERR_clear_error();
    const Key key = wanted.key.empty() ? Key(EVP_EC_gen("P-256")) : key_of(wanted.key);
    check(key != nullptr, "key");
    const Certificate certificate = begin(wanted.name, wanted.validity, key.get());
    X509* x509 = certificate.get();
    check(X509_set_issuer_name(x509, X509_get_subject_name(x509)) == 1, wanted.name);
    add_extension(x509, x509, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(x509, x509, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(x509, x509, NID_subject_key_identifier, "hash");
    add_limits(x509, wanted.limits);
    return signed_by(x509, key.get(), key.get());
}

CertificateAndKey make_server_certificate(const ServerWanted& wanted,
                                          const CertificateAndKey& authority) {
    ERR_clear_error();
    const Certificate issuer = certificate_of(authority.certificate);
    const Key signer = key_of(authority.key);
    const Key key(EVP_EC_gen("P-256"));
    check(key != nullptr, "key");
    // The names that count are in the extension.
    const std::string common = wanted.names.empty() ? "streamd" : wanted.names.front();
    const Certificate certificate = begin(common, wanted.validity, key.get());
    X509* x509 = certificate.get();
    check(X509_set_issuer_name(x509, X509_get_subject_name(issuer.get())) == 1, "issuer");
    const Names names(sk_GENERAL_NAME_new_null());
    for (const std::string& name : wanted.names) add_name(names.get(), GEN_DNS, name);
    for (const std::string& address : wanted.addresses) add_name(names.get(), GEN_IPADD, address);
    check(X509_add1_ext_i2d(x509, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1,
          "names");
    add_extension(x509, issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(x509, issuer.get(), NID_key_usage, "critical,digitalSignature");
    add_extension(x509, issuer.get(), NID_ext_key_usage, "serverAuth");
    add_extension(x509, issuer.get(), NID_subject_key_identifier, "hash");
    add_extension(x509, issuer.get(), NID_authority_key_identifier, "keyid:always");
    return signed_by(x509, key.get(), signer.get());
}

Facts read(const std::string& pem) {
    const Certificate certificate = certificate_of(pem);
    Facts facts;
    read_names(certificate.get(), facts);
    read_limits(certificate.get(), facts.limits);
    facts.begins = time_of(X509_get0_notBefore(certificate.get()));
    facts.expires = time_of(X509_get0_notAfter(certificate.get()));
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate.get(), &der);
    check(size > 0, "DER");
    facts.der.assign(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    facts.fingerprint = fingerprint_of(certificate.get());
    return facts;
}

std::string why_refused(const std::string& certificate, const std::string& authority,
                        std::chrono::system_clock::time_point at) {
    const Certificate server = certificate_of(certificate);
    const Certificate trusted = certificate_of(authority);
    const Store store(X509_STORE_new());
    const StoreContext context(X509_STORE_CTX_new());
    check(store && context && X509_STORE_add_cert(store.get(), trusted.get()) == 1 &&
              X509_STORE_CTX_init(context.get(), store.get(), server.get(), nullptr) == 1 &&
              X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_SERVER) == 1,
          "memory");
    X509_STORE_CTX_set_time(context.get(), 0, std::chrono::system_clock::to_time_t(at));
    if (X509_verify_cert(context.get()) == 1) return {};
    return X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
}

bool belong_together(const CertificateAndKey& pair) {
    const Certificate certificate = certificate_of(pair.certificate);
    const Key key = key_of(pair.key);
    return X509_check_private_key(certificate.get(), key.get()) == 1;
}

}  // namespace st::certificate
