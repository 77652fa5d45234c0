#pragma once
/// A viewer's connection to the server: TCP, or TLS over it. Non-blocking; one thread.
#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/fd.h"

namespace st::bench {

struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, FreeSsl>;

/// A client that accepts any certificate: the benchmark's own server. Throws std::runtime_error.
SslContext make_client_context();

class ClientSocket {
 public:
    /// Begins to connect to 127.0.0.1. `tls`: null for plain TCP; outlives this. Throws
    /// std::system_error.
    ClientSocket(std::uint16_t port, SSL_CTX* tls);

    int fd() const { return socket_.get(); }

    enum class Progress : std::uint8_t { ready, again, failed };
    /// Goes on with the connection and the handshake, as the socket allows.
    Progress connect();
    /// Bytes read; 0: nothing for now; -1: closed or failed. A TLS socket may have more: call until
    /// 0, since what lies in its buffer wakes no epoll.
    std::ptrdiff_t read(std::span<std::uint8_t> into);
    bool has_tls() const { return ssl_ != nullptr; }
    /// False unless all of it went out at once.
    bool write(Bytes bytes);

 private:
    Fd socket_;
    std::unique_ptr<SSL, FreeSsl> ssl_;
    bool is_connected_ = false;
};

}  // namespace st::bench
