#include "loop/tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string_view>
#include <system_error>

#include "base/encodings.h"
#include "loop/tls_session.h"

namespace st::loop {
namespace {

std::string last_reason() {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason == nullptr ? "unknown reason" : reason;
}

/// The errno of a file that cannot be read, with what may be done about it.
void check_readable(const char* what, const std::string& path, const char* option) {
    errno = 0;
    const std::ifstream file(path);
    std::array<char, 1> one{};
    if (file.is_open() && file.rdbuf()->sgetn(one.data(), 1) == 1) return;
    const int error = errno;
    const std::string why = error != 0 ? std::generic_category().message(error) : "it is empty";
    throw TlsError(std::string(what) + " " + path + ": " + why +
                   (error == EACCES ? "; let streamd's user read it" : "; check ") +
                   (error == EACCES ? "" : option));
}

/// Nobody is there to be asked.
int no_password(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

/// http/1.1 is all we speak; who offers other words only is told nothing and may go on.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_bytes,
                    const unsigned char* offered, unsigned int offered_bytes, void*) {
    constexpr std::string_view kHttp = "http/1.1";
    for (unsigned at = 0; at < offered_bytes; at += 1U + offered[at]) {
        const unsigned size = offered[at];
        if (at + 1 + size > offered_bytes) break;
        if (size != kHttp.size() || std::memcmp(offered + at + 1, kHttp.data(), size) != 0) {
            continue;
        }
        *out = offered + at + 1;
        *out_bytes = offered[at];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

// The record layer's way to the socket. OpenSSL's own writes with write(), which raises SIGPIPE
// when the peer has gone, and reads until the socket is empty, however much there is.

TlsSession& session_of(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

int write_to_socket(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    for (;;) {
        const auto sent = ::send(session_of(bio).fd(), bytes, static_cast<std::size_t>(size),
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) return static_cast<int>(sent);
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) BIO_set_retry_write(bio);
        return -1;
    }
}

int read_from_socket(BIO* bio, char* room, int size) {
    TlsSession& session = session_of(bio);
    BIO_clear_retry_flags(bio);
    if (!session.spend(0)) {
        BIO_set_retry_read(bio);
        return -1;
    }
    for (;;) {
        const auto got = ::recv(session.fd(), room, static_cast<std::size_t>(size), MSG_DONTWAIT);
        if (got > 0) {
            session.note_input(
                {reinterpret_cast<const std::uint8_t*>(room), static_cast<std::size_t>(got)});
            return static_cast<int>(got);
        }
        if (got == 0) {
            session.note_end();
            return 0;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) BIO_set_retry_read(bio);
        return -1;
    }
}

long control_socket(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return session_of(bio).at_end_of_file() ? 1 : 0;
    return 0;
}

std::string day_of(const ASN1_TIME* time) {
    std::tm day{};
    if (ASN1_TIME_to_tm(time, &day) != 1) return "an unreadable date";
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d", &day);
    return text.data();
}

std::string fingerprint_of(X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return "unknown";
    return colon_hex({digest.data(), size});
}

std::string subject_of(X509* certificate) {
    std::array<char, 256> text{};
    const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                               text.data(), static_cast<int>(text.size()));
    return size > 0 ? std::string(text.data()) : "no common name";
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void TlsContext::Free::operator()(bio_method_st* method) const { BIO_meth_free(method); }

TlsContext::TlsContext(bool is_server)
    : context_(SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method())),
      transport_(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "loop stream")) {
    if (!context_ || !transport_) throw TlsError("TLS: " + last_reason());
    SSL_CTX* ctx = context_.get();
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // Buffers only while there is something in them: an idle connection costs a third.
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx, 1);  // a record's header and body in one system call
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);  // tickets need no memory of ours
    BIO_meth_set_write(transport_.get(), write_to_socket);
    BIO_meth_set_read(transport_.get(), read_from_socket);
    BIO_meth_set_ctrl(transport_.get(), control_socket);
}

TlsContext::~TlsContext() = default;

TlsContextPtr TlsContext::for_server(const TlsFiles& files) {
    const std::shared_ptr<TlsContext> made(new TlsContext(true));
    made->load(files);
    SSL_CTX_set_num_tickets(made->native(), 1);
    SSL_CTX_set_alpn_select_cb(made->native(), choose_protocol, nullptr);
    return made;
}

TlsContextPtr TlsContext::for_client(const TlsTrust& trust) {
    const std::shared_ptr<TlsContext> made(new TlsContext(false));
    made->is_insecure_ = trust.is_insecure;
    SSL_CTX* ctx = made->native();
    SSL_CTX_set_verify(ctx, trust.is_insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
    if (trust.is_insecure) return made;
    ERR_clear_error();
    if (trust.ca_file.empty()) {
        if (SSL_CTX_set_default_verify_paths(ctx) != 1) {
            throw TlsError("the certificates this system trusts: " + last_reason());
        }
        return made;
    }
    check_readable("CA file", trust.ca_file, "the name");
    if (SSL_CTX_load_verify_file(ctx, trust.ca_file.c_str()) != 1) {
        throw TlsError("CA file " + trust.ca_file + ": expected PEM certificates (" +
                       last_reason() + ")");
    }
    return made;
}

void TlsContext::load(const TlsFiles& files) {
    SSL_CTX* ctx = context_.get();
    check_readable("certificate", files.certificate, "tls.certificate (--tls-cert)");
    check_readable("key", files.key, "tls.key (--tls-key)");
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(ctx, files.certificate.c_str()) != 1) {
        throw TlsError("certificate " + files.certificate +
                       ": expected PEM, \"-----BEGIN CERTIFICATE-----\" (" + last_reason() + ")");
    }
    bool asked_for_password = false;
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, &asked_for_password);
    const int key_ok = SSL_CTX_use_PrivateKey_file(ctx, files.key.c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, nullptr);
    if (key_ok != 1) {
        const auto reason = ERR_GET_REASON(ERR_peek_last_error());
        if (asked_for_password) {
            throw TlsError("key " + files.key + ": protected by a password; write one without: " +
                           "openssl pkey -in " + files.key + " -out NEW");
        }
        if (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH) {
            throw TlsError("key " + files.key + ": does not belong to certificate " +
                           files.certificate + "; give the key it was made with");
        }
        throw TlsError("key " + files.key + ": expected PEM, \"-----BEGIN PRIVATE KEY-----\" (" +
                       last_reason() + ")");
    }
    if (SSL_CTX_check_private_key(ctx) != 1) {
        throw TlsError("key " + files.key + ": does not belong to certificate " +
                       files.certificate + "; give the key it was made with");
    }
    look_at_certificate(files.certificate);
}

void TlsContext::look_at_certificate(const std::string& path) {
    X509* certificate = SSL_CTX_get0_certificate(context_.get());
    const ASN1_TIME* from = X509_get0_notBefore(certificate);
    const ASN1_TIME* until = X509_get0_notAfter(certificate);
    if (X509_cmp_current_time(until) < 0) {
        warnings_.push_back("certificate " + path + ": expired on " + day_of(until) +
                            "; clients will refuse it, replace it and reload");
    } else if (X509_cmp_current_time(from) > 0) {
        warnings_.push_back("certificate " + path + ": not valid before " + day_of(from) +
                            "; clients will refuse it until then, check this machine's clock");
    }
    description_ = subject_of(certificate) + ", until " + day_of(until) + ", SHA-256 " +
                   fingerprint_of(certificate);
}

std::unique_ptr<TlsSession> TlsContext::accept() const {
    return std::make_unique<TlsSession>(shared_from_this(), "");
}

std::unique_ptr<TlsSession> TlsContext::connect(const std::string& host) const {
    return std::make_unique<TlsSession>(shared_from_this(), host);
}

}  // namespace st::loop
