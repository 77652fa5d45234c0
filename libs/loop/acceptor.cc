#include "loop/acceptor.h"

#include <Poco/Net/StreamSocketImpl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

namespace st::loop {
namespace {

/// In one turn, before the connections that are there get theirs.
constexpr int kAcceptsPerTurn = 64;
/// Out of descriptors or memory: the backlog keeps the peers while we wait for some to be freed.
constexpr std::chrono::milliseconds kRetryAfter{100};
constexpr std::chrono::nanoseconds kTellAgainAfter = std::chrono::seconds(10);

}  // namespace

void Acceptor::start(EventLoop& loop, int fd, OnAccept on_accept, OnAcceptTrouble on_trouble) {
    loop_ = &loop;
    fd_ = fd;
    on_accept_ = std::move(on_accept);
    on_trouble_ = std::move(on_trouble);
    loop_->add(fd_, *this, EPOLLIN);
}

void Acceptor::stop() {
    if (loop_ == nullptr) return;
    loop_->cancel(retry_);
    loop_->remove(fd_, *this);
    loop_ = nullptr;
}

void Acceptor::on_ready(std::uint32_t) {
    for (int accepted = 0; loop_ != nullptr; ++accepted) {
        if (accepted == kAcceptsPerTurn) return go_on_after({});
        const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            try {
                on_accept_(
                    std::make_shared<Poco::Net::StreamSocket>(new Poco::Net::StreamSocketImpl(fd)));
            } catch (...) {  // the rest of the backlog makes no new edge
                if (loop_ != nullptr) go_on_after(kRetryAfter);
                throw;
            }
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return;
        return wait_for_room(errno);
    }
}

void Acceptor::go_on_after(std::chrono::nanoseconds delay) {
    loop_->cancel(retry_);  // every new peer is an edge: one timer is enough for all of them
    retry_ = loop_->after(delay, [this] { on_ready(EPOLLIN); });
}

void Acceptor::wait_for_room(int error) {
    go_on_after(kRetryAfter);
    const std::int64_t now = loop_->now_ns();
    if (told_ns_ != 0 && now - told_ns_ < kTellAgainAfter.count()) return;
    told_ns_ = now;
    if (on_trouble_) {
        on_trouble_("cannot accept connections: " + std::generic_category().message(error));
    }
}

}  // namespace st::loop
