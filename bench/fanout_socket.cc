#include "fanout_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace st::bench {

SslContext make_client_context() {
    SslContext context(SSL_CTX_new(TLS_client_method()));
    if (!context) throw std::runtime_error("no TLS context");
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    return context;
}

ClientSocket::ClientSocket(std::uint16_t port, SSL_CTX* tls)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    if (::setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        (::connect(fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0 &&
         errno != EINPROGRESS)) {
        throw std::system_error(errno, std::generic_category(), "a viewer's connect");
    }
    if (tls == nullptr) return;
    ssl_.reset(SSL_new(tls));
    if (!ssl_ || SSL_set_fd(ssl_.get(), fd()) != 1) throw std::runtime_error("no TLS session");
}

ClientSocket::Progress ClientSocket::connect() {
    if (!is_connected_) {
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) return Progress::failed;
        is_connected_ = true;
    }
    if (!ssl_) return Progress::ready;
    const int result = SSL_connect(ssl_.get());
    if (result == 1) return Progress::ready;
    const int why = SSL_get_error(ssl_.get(), result);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? Progress::again
                                                                     : Progress::failed;
}

std::ptrdiff_t ClientSocket::read(std::span<std::uint8_t> into) {
    if (ssl_) {
        const int got = SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size()));
        if (got > 0) return got;
        return SSL_get_error(ssl_.get(), got) == SSL_ERROR_WANT_READ ? 0 : -1;
    }
    const ssize_t got = ::recv(fd(), into.data(), into.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    return got > 0 ? got : -1;
}

bool ClientSocket::write(Bytes bytes) {
    if (ssl_) {
        return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
               static_cast<int>(bytes.size());
    }
    return ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
}

}  // namespace st::bench
