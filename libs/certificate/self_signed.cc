#include "certificate/self_signed.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>

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

void add_name(GENERAL_NAMES* names, int type, const std::string& text) {
    GENERAL_NAME* name = a2i_GENERAL_NAME(nullptr, nullptr, nullptr, type, text.c_str(), 0);
    check(name != nullptr, text);
    if (sk_GENERAL_NAME_push(names, name) == 0) {
        GENERAL_NAME_free(name);
        check(false, text);
    }
}

void add_names(X509* certificate, const CertificateWanted& wanted) {
    const Names names(sk_GENERAL_NAME_new_null());
    for (const std::string& name : wanted.names) add_name(names.get(), GEN_DNS, name);
    for (const std::string& address : wanted.addresses) add_name(names.get(), GEN_IPADD, address);
    check(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT),
          "names");
}

void add_extension(X509* certificate, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    check(extension && X509_add_ext(certificate, extension.get(), -1) == 1, value);
}

void set_serial(X509* certificate) {
    std::array<unsigned char, 16> random{};
    check(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1, "random number");
    random[0] = static_cast<unsigned char>((random[0] & 0x3F) | 0x40);  // positive, full length
    const std::unique_ptr<BIGNUM, Free<BN_free>> number(
        BN_bin2bn(random.data(), static_cast<int>(random.size()), nullptr));
    check(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr,
          "serial number");
}

}  // namespace

CertificateAndKey make_self_signed(const CertificateWanted& wanted) {
    ERR_clear_error();
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate(X509_new());
    check(key && certificate, "key");
    X509* x509 = certificate.get();
    check(X509_set_version(x509, X509_VERSION_3) == 1, "version");
    set_serial(x509);
    const auto seconds = [](std::chrono::hours hours) {
        return static_cast<long>(std::chrono::seconds(hours).count());
    };
    check(X509_gmtime_adj(X509_getm_notBefore(x509), seconds(wanted.valid_from)) != nullptr &&
              X509_gmtime_adj(X509_getm_notAfter(x509), seconds(wanted.valid_until)) != nullptr,
          "validity");
    // A common name has 64 characters at the most; the names that count are in the extension.
    const std::string common = wanted.names.empty() ? "streamd" : wanted.names.front();
    X509_NAME* subject = X509_get_subject_name(x509);
    check(X509_NAME_add_entry_by_txt(
              subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common.data()),
              static_cast<int>(std::min<std::size_t>(common.size(), 64)), -1, 0) == 1 &&
              X509_set_issuer_name(x509, subject) == 1,
          common);
    check(X509_set_pubkey(x509, key.get()) == 1, "public key");
    add_names(x509, wanted);
    add_extension(x509, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(x509, NID_key_usage, "critical,digitalSignature");
    add_extension(x509, NID_ext_key_usage, "serverAuth");
    add_extension(x509, NID_subject_key_identifier, "hash");
    check(X509_sign(x509, key.get(), EVP_sha256()) != 0, "signature");

    const Memory certificate_pem(BIO_new(BIO_s_mem()));
    const Memory key_pem(BIO_new(BIO_s_mem()));
    check(certificate_pem && PEM_write_bio_X509(certificate_pem.get(), x509) == 1, "PEM");
    check(key_pem && PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0,
                                              nullptr, nullptr) == 1,
          "PEM");
    return {text_of(certificate_pem.get()), text_of(key_pem.get())};
}

}  // namespace st::certificate
