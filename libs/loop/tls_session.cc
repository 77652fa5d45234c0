#include "loop/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>

namespace st::loop {
namespace {

/// Names the peer we expect, so that its certificate is checked against it.
void expect_peer(SSL* ssl, const std::string& host) {
    X509_VERIFY_PARAM* rules = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) == 1) return;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set1_host(ssl, host.c_str()) != 1 || SSL_set_tlsext_host_name(ssl, host.c_str()) != 1) {
        throw TlsError("server name " + host + ": not a name TLS can check");
    }
}

}  // namespace

void TlsSession::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }

TlsSession::TlsSession(TlsContextPtr context, const std::string& host)
    : context_(std::move(context)), ssl_(SSL_new(context_->native())), host_(host) {
    BIO* bio = ssl_ ? BIO_new(context_->transport()) : nullptr;
    if (bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    if (host.empty()) {
        SSL_set_accept_state(ssl_.get());
        return;
    }
    SSL_set_connect_state(ssl_.get());
    if (!context_->is_insecure()) expect_peer(ssl_.get(), host);
}

TlsSession::~TlsSession() = default;

void TlsSession::note_progress() {
    established_ = established_ || SSL_is_init_finished(ssl_.get()) == 1;
}

bool TlsSession::spend(std::size_t bytes) {
    budget_ -= std::min(budget_, bytes);
    if (budget_ == 0) starved_ = true;
    return budget_ > 0;
}

void TlsSession::note_input(std::span<const std::uint8_t> bytes) {
    if (!first_byte_) first_byte_ = bytes.front();
    spend(bytes.size());
}

void TlsSession::fail(int reason, int system_error) {
    failed_ = true;
    const auto verified = SSL_get_verify_result(ssl_.get());
    const bool is_client = !host_.empty();
    if (is_client && !context_->is_insecure() && verified != X509_V_OK && !is_established()) {
        untrusted_ = true;
        error_ =
            "certificate of " + host_ + " not accepted: " + X509_verify_cert_error_string(verified);
    } else if (end_of_file_) {
        error_ = is_established() ? "closed without a TLS close_notify"
                                  : "closed during the TLS handshake";
    } else if (reason == SSL_ERROR_SYSCALL && system_error != 0) {
        error_ = std::generic_category().message(system_error);
    } else {
        const char* text = ERR_reason_error_string(ERR_peek_last_error());
        error_ = std::string("TLS: ") + (text == nullptr ? "connection broken" : text);
    }
    ERR_clear_error();
}

/// After an SSL_ function that did not succeed.
TlsSession::State TlsSession::state_after(int result, bool is_output) {
    const int system_error = errno;
    const int reason = SSL_get_error(ssl_.get(), result);
    switch (reason) {
        case SSL_ERROR_WANT_READ:
            return starved_ ? State::more : State::wants_read;
        case SSL_ERROR_WANT_WRITE:
            return State::wants_write;
        case SSL_ERROR_ZERO_RETURN:
            return State::ended;
        case SSL_ERROR_SYSCALL:
            if (is_output) {
                output_failed_ = true;
                return State::failed;
            }
            [[fallthrough]];
        default:
            fail(reason, system_error);
            return State::failed;
    }
}

TlsSession::Done TlsSession::receive(std::span<std::uint8_t> room) {
    if (failed_) return {0, State::failed};
    budget_ = kInputBudget;
    starved_ = false;
    std::size_t filled = 0;
    while (filled < room.size()) {
        ERR_clear_error();
        errno = 0;
        std::size_t got = 0;
        const int result =
            SSL_read_ex(ssl_.get(), room.data() + filled, room.size() - filled, &got);
        note_progress();
        if (result == 1) {
            filled += got;
            continue;
        }
        const State state = state_after(result);
        const bool is_final = state == State::ended || state == State::failed;
        return {filled, is_final && filled > 0 ? State::more : state};
    }
    return {filled, State::more};
}

TlsSession::Done TlsSession::transmit(std::span<const iovec> pieces) {
    if (failed_ || output_failed_) return {0, State::failed};
    budget_ = kInputBudget;  // the handshake reads, too
    starved_ = false;
    std::array<std::uint8_t, kRecordBytesMax> record;
    std::size_t sent = 0;
    std::size_t offset = 0;  // of what is out of the first piece
    while (!pieces.empty()) {
        const auto* first = static_cast<const std::uint8_t*>(pieces.front().iov_base) + offset;
        std::size_t size = pieces.front().iov_len - offset;
        if (size < record.size() && pieces.size() > 1) {
            std::memcpy(record.data(), first, size);
            for (const iovec& next : pieces.subspan(1)) {
                const std::size_t some = std::min(next.iov_len, record.size() - size);
                std::memcpy(record.data() + size, next.iov_base, some);
                size += some;
                if (size == record.size()) break;
            }
            first = record.data();
        }
        std::size_t out = 0;
        if (size > 0) {
            ERR_clear_error();
            errno = 0;
            const int result = SSL_write_ex(ssl_.get(), first, size, &out);
            note_progress();
            if (result != 1) return {sent, state_after(result, true)};
        }
        sent += out;
        out += offset;
        while (!pieces.empty() && out >= pieces.front().iov_len) {
            out -= pieces.front().iov_len;
            pieces = pieces.subspan(1);
        }
        offset = out;
    }
    return {sent, State::more};
}

TlsSession::State TlsSession::close() {
    if (failed_ || output_failed_ || end_of_file_ || close_sent_ || !is_established()) {
        return State::more;
    }
    ERR_clear_error();
    errno = 0;
    const int result = SSL_shutdown(ssl_.get());
    const State state = result >= 0 ? State::more : state_after(result, true);
    if (state == State::wants_write) return state;
    close_sent_ = true;  // once more would read the peer's, which is receive()'s to do
    return State::more;
}

}  // namespace st::loop
