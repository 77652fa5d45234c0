#include "loop/tcp_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace st::loop {
namespace {

constexpr std::size_t kBuffersPerCall = 64;

std::string text_of(int error) { return std::generic_category().message(error); }

bool is_unix(int fd) {
    int domain = 0;
    socklen_t size = sizeof domain;
    return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

}  // namespace

TcpStream::TcpStream(EventLoop& loop, const Poco::Net::StreamSocket& socket, StreamHandler& handler,
                     std::unique_ptr<TlsSession> tls)
    : loop_(loop),
      socket_(socket),
      fd_(socket_.impl()->sockfd()),
      handler_(&handler),
      last_input_ns_(loop.now_ns()),
      tls_(std::move(tls)) {
    socket_.setBlocking(false);
    if (!is_unix(fd_)) socket_.setNoDelay(true);
    loop_.add(fd_, *this, EPOLLIN);
    if (!tls_) return;
    tls_->attach(fd_);
    handshake_timer_ = loop_.after(kHandshakeDeadline, [this] {
        handshake_timer_ = 0;
        end("TLS handshake not complete within 10 s");
    });
    // A client speaks first, and reading is what drives the handshake.
    readable_ = true;
    read_later();
}

TcpStream::~TcpStream() { close(); }

void TcpStream::on_ready(std::uint32_t events) {
    const std::weak_ptr<bool> alive = alive_;
    try {
        serve(events);
    } catch (const std::exception& e) {
        // Out of memory, say: this connection pays, the others live.
        if (!alive.expired()) end(e.what());
    }
}

void TcpStream::serve(std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) {
        if (read_wants_write_) readable_ = true;
        read_wants_write_ = false;
        flush();
        if (!open_) return;
    }
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) half_closed_ = true;
    if (input_over_ && (events & (EPOLLHUP | EPOLLERR)) != 0) return end({});
    if (reading_) {
        if (readable_) read_some();
    } else if (!input_over_ && half_closed_) {
        // A paused stream ends when it is resumed: the kernel still holds bytes for it.
        handler_->on_hang_up((events & (EPOLLHUP | EPOLLERR)) != 0);
    }
}

TcpStream::Moved TcpStream::receive_plain(std::span<std::uint8_t> room) {
    ssize_t got = 0;
    do {
        got = ::recv(fd_, room.data(), room.size(), 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        const auto size = static_cast<std::size_t>(got);
        // A short read emptied the socket: the next byte is a new edge. Not so once the peer has
        // closed: its end was part of an edge already seen.
        return {size, size < room.size() && !half_closed_ ? Next::wait : Next::more};
    }
    if (got == 0) return {0, Next::end};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {0, Next::wait};
    error_ = text_of(errno);
    return {0, Next::end};
}

TcpStream::Moved TcpStream::receive(std::span<std::uint8_t> room) {
    if (!tls_) return receive_plain(room);
    const auto got = tls_->receive(room);
    if (handshake_timer_ != 0 && tls_->is_established()) after_handshake(true);
    switch (got.state) {
        case TlsSession::State::more:
            return {got.bytes, Next::more};
        case TlsSession::State::wants_read:
            return {got.bytes, Next::wait};
        case TlsSession::State::wants_write:
            read_wants_write_ = true;
            want_write(true);
            return {got.bytes, Next::wait};
        case TlsSession::State::failed:
            error_ = tls_->error();
            [[fallthrough]];
        case TlsSession::State::ended:
            break;
    }
    return {0, Next::end};
}

void TcpStream::read_some() {
    const auto scratch = loop_.scratch();
    std::size_t budget = kReadBudget;
    while (open_ && reading_ && readable_) {
        const Moved got = receive(scratch);
        if (!open_) return;
        if (got.next == Next::end) return end_input();
        if (got.next == Next::wait) readable_ = false;
        if (got.bytes > 0 && !deliver(got.bytes)) return;
        // Without bytes: TLS had enough to do for one turn.
        if (got.bytes == 0 || got.bytes >= budget) break;
        budget -= got.bytes;
    }
    read_later();
}

void TcpStream::read_later() {
    if (!open_ || !reading_ || !readable_ || rereading_) return;
    rereading_ = true;
    loop_.defer([this, alive = std::weak_ptr<bool>(alive_)] {
        if (alive.expired()) return;
        rereading_ = false;
        if (open_ && reading_) on_ready(EPOLLIN);
    });
}

bool TcpStream::deliver(std::size_t size) {
    last_input_ns_ = loop_.now_ns();
    if (!finishing_) {
        const std::weak_ptr<bool> alive = alive_;
        handler_->on_data(loop_.scratch().first(size));
        if (alive.expired()) return false;
    }
    return open_;
}

void TcpStream::end_input() {
    readable_ = false;
    if (error_.empty() && !tls_ && !finishing_) {
        const std::weak_ptr<bool> alive = alive_;
        const bool stays = handler_->on_half_end();
        if (alive.expired() || !open_) return;
        if (stays) {
            input_over_ = true;
            reading_ = false;
            return;
        }
    }
    end(error_);
}

void TcpStream::end(std::string_view error) {
    if (!open_) return;
    close();
    handler_->on_end(error);
}

/// Plain: one system call, but for a signal in between. TLS: one per record.
TcpStream::Moved TcpStream::transmit(std::span<iovec> pieces) {
    if (tls_) {
        const auto done = tls_->transmit(pieces);
        bytes_out_ += done.bytes;
        if (handshake_timer_ != 0 && tls_->is_established()) after_handshake(false);
        if (done.state == TlsSession::State::failed) return {done.bytes, Next::broken};
        // Before the end of the handshake it waits for the peer; reading then leads back here.
        return {done.bytes, done.state == TlsSession::State::more ? Next::more : Next::wait};
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    ssize_t sent = 0;
    do {
        sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        const bool is_full = errno == EAGAIN || errno == EWOULDBLOCK;
        // The kernel says once that a connection could not be made; who reads sees an end only.
        if (errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == ETIMEDOUT) {
            error_ = text_of(errno);
        }
        return {0, is_full ? Next::wait : Next::broken};
    }
    bytes_out_ += static_cast<std::size_t>(sent);
    return {static_cast<std::size_t>(sent), Next::more};
}

/// Sending may have read what follows the handshake, and reading may have opened the way out.
void TcpStream::after_handshake(bool was_reading) {
    loop_.cancel(handshake_timer_);
    handshake_timer_ = 0;
    if (was_reading) {
        if (!queue_.empty()) flush();
    } else {
        readable_ = true;
        read_later();
    }
}

void TcpStream::send(Bytes bytes) {
    if (!open_ || bytes.empty()) return;
    std::size_t sent = 0;
    if (queue_.empty()) {
        iovec piece{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
        sent = transmit({&piece, 1}).bytes;
    }
    if (sent == bytes.size()) return;
    queue_.push(share(Buffer(bytes.subspan(sent))));
    want_write(true);
}

void TcpStream::send(std::span<const SharedBuffer> buffers) {
    if (!open_) return;
    while (queue_.empty() && !buffers.empty()) {
        std::array<iovec, kBuffersPerCall> pieces;
        const std::size_t count = std::min(buffers.size(), pieces.size());
        std::size_t offered = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const Bytes bytes = buffers[i]->bytes();
            pieces[i] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
            offered += bytes.size();
        }
        // Less than all: the socket is full, or broken, which the reading side reports.
        std::size_t sent = offered == 0 ? 0 : transmit(std::span(pieces).first(count)).bytes;
        if (sent < offered) {
            for (const SharedBuffer& buffer : buffers.first(count)) {
                const std::size_t out = std::min(sent, buffer->size());
                queue_.push(buffer, out);
                sent -= out;
            }
        }
        buffers = buffers.subspan(count);
    }
    for (const SharedBuffer& buffer : buffers) queue_.push(buffer);
    if (!queue_.empty()) want_write(true);
}

void TcpStream::want_write(bool wanted) {
    if (writing_ == wanted) return;
    writing_ = wanted;
    loop_.change(fd_, *this, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void TcpStream::flush() {
    const bool had_to_wait = !queue_.empty();
    while (!queue_.empty()) {
        std::array<iovec, kBuffersPerCall> pieces;
        const std::size_t count = queue_.gather(pieces);
        const Moved sent = transmit(std::span(pieces).first(count));
        queue_.consume(sent.bytes);
        if (sent.next == Next::wait) return;
        if (sent.next == Next::broken) return fail_output();
    }
    if (!read_wants_write_) want_write(false);
    if (finishing_) return close_output();
    if (had_to_wait) handler_->on_drained();
}

/// The last byte is out.
void TcpStream::close_output() {
    if (tls_ && tls_->close() == TlsSession::State::wants_write) return want_write(true);
    ::shutdown(fd_, SHUT_WR);
}

/// Nothing can be sent any more, but what came before the peer went is still in the kernel: the
/// reading side delivers it and then reports the end. A paused one does so when it is resumed, for
/// which its owner may be waiting to have sent everything.
void TcpStream::fail_output() {
    queue_.clear();
    want_write(false);
    half_closed_ = readable_ = true;
    if (!reading_) return handler_->on_drained();
    read_later();
}

void TcpStream::limit_kernel_queue(const KernelQueue& limits) {
    if (!open_) return;  // the number may be another socket's by now
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &limits.bytes, sizeof limits.bytes);
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &limits.unsent, sizeof limits.unsent);
}

std::size_t TcpStream::input_waiting() const {
    int bytes = 0;
    if (!open_) return 0;
    if (::ioctl(fd_, FIONREAD, &bytes) != 0 || bytes < 0) return 0;
    return static_cast<std::size_t>(bytes);
}

void TcpStream::pause_reading() {
    reading_ = false;
    if (!open_ || !half_closed_ || input_over_) return;
    // The peer's end came with what was just read: no other event will tell of it.
    loop_.defer([this, alive = std::weak_ptr<bool>(alive_)] {
        if (!alive.expired() && open_ && !reading_) handler_->on_hang_up(false);
    });
}

void TcpStream::resume_reading() {
    if (reading_ || !open_ || input_over_) return;
    reading_ = true;
    read_later();
}

void TcpStream::finish(std::chrono::milliseconds patience) {
    if (!open_ || finishing_) return;
    finishing_ = true;
    if (queue_.empty()) close_output();
    resume_reading();
    finish_timer_ = loop_.after(patience, [this] {
        finish_timer_ = 0;
        end({});
    });
}

void TcpStream::close() {
    if (!open_) return;
    open_ = false;
    loop_.cancel(finish_timer_);
    loop_.cancel(handshake_timer_);
    if (tls_ && queue_.empty()) tls_->close();
    loop_.remove(fd_, *this);
    queue_.clear();
    socket_.close();
}

}  // namespace st::loop
