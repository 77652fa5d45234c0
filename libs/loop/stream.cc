#include "loop/stream.h"

#include <sys/epoll.h>
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

}  // namespace

Stream::Stream(EventLoop& loop, const Poco::Net::StreamSocket& socket, StreamHandler& handler)
    : loop_(loop),
      socket_(socket),
      fd_(socket_.impl()->sockfd()),
      handler_(&handler),
      last_input_ns_(loop.now_ns()) {
    socket_.setBlocking(false);
    socket_.setNoDelay(true);
    loop_.add(fd_, *this, EPOLLIN);
}

Stream::~Stream() { close(); }

void Stream::on_ready(std::uint32_t events) {
    const std::weak_ptr<bool> alive = alive_;
    try {
        serve(events);
    } catch (const std::exception& e) {
        // Out of memory, say: this connection pays, the others live.
        if (!alive.expired()) end(e.what());
    }
}

void Stream::serve(std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) flush();
    if (!open_ || (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) half_closed_ = true;
    readable_ = true;
    // A paused stream learns of its end when it is resumed: the kernel still holds bytes for it.
    if (reading_) read_some();
}

void Stream::read_some() {
    const auto scratch = loop_.scratch();
    std::size_t budget = kReadBudget;
    while (open_ && reading_ && readable_) {
        const auto got = ::recv(fd_, scratch.data(), scratch.size(), 0);
        if (got > 0) {
            const auto size = static_cast<std::size_t>(got);
            // A short read emptied the socket: the next byte is a new edge. Not so once the peer
            // has closed: its end was part of an edge already seen.
            if (size < scratch.size() && !half_closed_) readable_ = false;
            if (!deliver(size)) return;
            if (size >= budget) break;
            budget -= size;
            continue;
        }
        if (got == 0) return end({});
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            readable_ = false;
            return;
        }
        return end(text_of(errno));
    }
    read_later();
}

void Stream::read_later() {
    if (!open_ || !reading_ || !readable_ || rereading_) return;
    rereading_ = true;
    loop_.defer([this, alive = std::weak_ptr<bool>(alive_)] {
        if (alive.expired()) return;
        rereading_ = false;
        if (open_ && reading_) read_some();
    });
}

bool Stream::deliver(std::size_t size) {
    last_input_ns_ = loop_.now_ns();
    bytes_in_ += size;
    if (!finishing_) {
        const std::weak_ptr<bool> alive = alive_;
        handler_->on_data(loop_.scratch().first(size));
        if (alive.expired()) return false;
    }
    return open_;
}

void Stream::end(std::string_view error) {
    if (!open_) return;
    close();
    handler_->on_end(error);
}

/// One system call, but for a signal in between. Less than all of it went out: the socket is full,
/// or broken, which the reading side reports.
std::size_t Stream::send_now(std::span<iovec> pieces) {
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    ssize_t sent = 0;
    do {
        sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) return 0;
    bytes_out_ += static_cast<std::size_t>(sent);
    return static_cast<std::size_t>(sent);
}

void Stream::send(Bytes bytes) {
    if (!open_ || bytes.empty()) return;
    std::size_t sent = 0;
    if (queue_.empty()) {
        iovec piece{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
        sent = send_now({&piece, 1});
    }
    if (sent == bytes.size()) return;
    queue_.push(share(Buffer(bytes.subspan(sent))));
    want_write(true);
}

void Stream::send(std::span<const SharedBuffer> buffers) {
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
        std::size_t sent = offered == 0 ? 0 : send_now(std::span(pieces).first(count));
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

void Stream::want_write(bool wanted) {
    if (writing_ == wanted) return;
    writing_ = wanted;
    loop_.change(fd_, *this, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void Stream::flush() {
    while (!queue_.empty()) {
        std::array<iovec, kBuffersPerCall> pieces;
        msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = queue_.gather(pieces);
        const auto sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (sent < 0) return fail_output();
        bytes_out_ += static_cast<std::size_t>(sent);
        queue_.consume(static_cast<std::size_t>(sent));
    }
    want_write(false);
    if (finishing_) {
        ::shutdown(fd_, SHUT_WR);
        return;
    }
    handler_->on_drained();
}

/// Nothing can be sent any more, but what came before the peer went is still in the kernel: the
/// reading side delivers it and then reports the end. A paused one does so when it is resumed, for
/// which its owner may be waiting to have sent everything.
void Stream::fail_output() {
    queue_.clear();
    want_write(false);
    half_closed_ = readable_ = true;
    if (!reading_) return handler_->on_drained();
    read_later();
}

void Stream::limit_send_buffer(int bytes) {
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

void Stream::pause_reading() { reading_ = false; }

void Stream::resume_reading() {
    if (reading_ || !open_) return;
    reading_ = true;
    read_later();
}

void Stream::finish(std::chrono::milliseconds patience) {
    if (!open_ || finishing_) return;
    finishing_ = true;
    if (queue_.empty()) ::shutdown(fd_, SHUT_WR);
    resume_reading();
    finish_timer_ = loop_.after(patience, [this] {
        finish_timer_ = 0;
        end({});
    });
}

void Stream::close() {
    if (!open_) return;
    open_ = false;
    loop_.cancel(finish_timer_);
    loop_.remove(fd_, *this);
    queue_.clear();
    socket_.close();
}

}  // namespace st::loop
