#include "wire.h"

#include <Poco/Exception.h>
#include <Poco/Net/NetException.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace st::streamctl {
namespace {

/// A name may take long to look up, and the resolver cannot be polled: let Ctrl-C end us meanwhile.
Poco::Net::SocketAddress resolve(const ServerUrl& server) {
    sigset_t set;
    sigset_t before;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    Poco::Net::IPAddress literal;
    if (Poco::Net::IPAddress::tryParse(server.host, literal)) return {literal, server.port};
    ::pthread_sigmask(SIG_UNBLOCK, &set, &before);
    struct Restore {
        const sigset_t& mask;
        ~Restore() { ::pthread_sigmask(SIG_SETMASK, &mask, nullptr); }
    } restore{before};
    return {server.host, server.port};
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out(text.substr(0, 1000));
    for (char& c : out) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    }
    return out;
}

Wire::Wire(const ServerUrl& server, milliseconds patience, Interrupt& interrupt)
    : server_(server), interrupt_(interrupt) {
    try {
        socket_.connectNB(resolve(server));
    } catch (const Poco::Net::ConnectionRefusedException&) {
        throw unreachable("connection refused; is streamd running there?");
    } catch (const Poco::Exception& error) {
        throw unreachable(error.displayText());
    }
    socket_.setBlocking(false);
    switch (poll(POLLOUT, Clock::now() + patience)) {
        case Woke::time:
            throw unreachable("no answer to the connection request");
        case Woke::interrupted:
            throw Failed(cli::kInterrupted, "interrupted");
        case Woke::news:
            break;
    }
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == ECONNREFUSED) throw unreachable("connection refused; is streamd running there?");
    if (error != 0) throw unreachable(std::strerror(error));
    socket_.setNoDelay(true);
}

int Wire::fd() const { return socket_.impl()->sockfd(); }

Failed Wire::unreachable(const std::string& why) const {
    return {cli::kUnreachable, server_.text + ": " + why};
}

Failed Wire::no_answer(milliseconds patience) const {
    return {cli::kNoAnswer,
            server_.text + ": no answer within " + std::to_string(patience.count()) + " ms"};
}

Wire::Woke Wire::poll(short events, Clock::time_point deadline) {
    for (;;) {
        const auto now = Clock::now();
        const auto left = std::chrono::ceil<milliseconds>(std::clamp<Clock::duration>(
            deadline - now, Clock::duration::zero(), std::chrono::hours(1)));
        std::array<pollfd, 2> fds{pollfd{fd(), events, 0}, pollfd{interrupt_.fd(), POLLIN, 0}};
        const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(left.count()));
        if (ready < 0 && errno != EINTR) {
            throw Failed(cli::kIoFailed, std::string("poll: ") + std::strerror(errno));
        }
        if (ready > 0 && fds[1].revents != 0 && interrupt_.take()) return Woke::interrupted;
        if (ready > 0 && fds[0].revents != 0) return Woke::news;
        if (Clock::now() >= deadline) return Woke::time;
    }
}

Wire::Woke Wire::wait(Clock::time_point deadline) { return poll(POLLIN, deadline); }

void Wire::send(Bytes bytes, Clock::time_point deadline) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) throw unreachable(std::strerror(errno));
        const Woke woke = poll(POLLOUT, deadline);
        if (woke == Woke::interrupted) throw Failed(cli::kInterrupted, "interrupted");
        if (woke == Woke::time) {
            throw Failed(cli::kNoAnswer, server_.text + ": it takes no more of the request");
        }
    }
}

Bytes Wire::receive(std::span<std::uint8_t> into) {
    for (;;) {
        const ssize_t got = ::recv(fd(), into.data(), into.size(), 0);
        if (got >= 0) return {into.data(), static_cast<std::size_t>(got)};
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            throw Failed(cli::kIoFailed, "read before there was something to read");
        }
        throw unreachable(std::strerror(errno));
    }
}

}  // namespace st::streamctl
