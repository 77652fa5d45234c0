#include "streamctl/client/connection.h"

#include <Poco/Exception.h>
#include <Poco/Net/NetException.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/units.h"

namespace st::streamctl {
namespace {

Poco::Net::SocketAddress resolve(const ServerUrl& server, bool signals_pass) {
    using Address = Poco::Net::SocketAddress;
    if (!server.socket.empty()) return {Address::UNIX_LOCAL, server.socket};
    Poco::Net::IPAddress literal;
    if (Poco::Net::IPAddress::tryParse(server.host, literal)) return {literal, server.port};
    std::optional<SignalsPass> let_through;
    if (signals_pass) let_through.emplace();
    return {server.host, server.port};
}

/// Poco's words name the exception's class first.
std::string reason_of(const Poco::Exception& error) {
    if (dynamic_cast<const Poco::Net::HostNotFoundException*>(&error) != nullptr ||
        dynamic_cast<const Poco::Net::NoAddressFoundException*>(&error) != nullptr)
        return "there is no host of that name";
    return error.code() > 0 ? std::strerror(error.code()) : error.displayText();
}

}  // namespace

void look_up(ServerUrl& server, bool signals_pass) {
    if (server.address) return;
    try {
        server.address = resolve(server, signals_pass);
    } catch (const Poco::Exception& error) {
        throw Failed(cli::kUnreachable, server.text + ": " + reason_of(error));
    }
}

Connection::Connection(const ServerUrl& server, milliseconds patience, Interrupt& interrupt)
    : server_(server), interrupt_(interrupt) {
    connect(patience);
    if (!server_.tls) return;
    tls_ = server_.tls->connect(server_.host);
    tls_->attach(fd());
    shake_hands(Clock::now() + patience);
}

Connection::~Connection() {
    if (tls_) tls_->close();
}

void Connection::connect(milliseconds patience) {
    look_up(server_, true);
    try {
        socket_.connectNB(*server_.address);
    } catch (const Poco::Net::ConnectionRefusedException&) {
        throw refused();
    } catch (const Poco::Exception& error) {
        if (error.code() == ENOENT && !server_.socket.empty()) {
            throw Gone(server_.text + ": there is no such socket; is streamd running?");
        }
        if (error.code() == EACCES) {
            throw Failed(cli::kNotAuthorised,
                         server_.text + ": this account may not open the control socket");
        }
        throw unreachable(reason_of(error));
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
    if (error == ECONNREFUSED) throw refused();
    if (error != 0) throw unreachable(std::strerror(error));
    if (server_.socket.empty()) socket_.setNoDelay(true);
}

int Connection::fd() const { return socket_.impl()->sockfd(); }

Failed Connection::unreachable(const std::string& why) const {
    return {cli::kUnreachable, server_.text + ": " + why};
}

Gone Connection::refused() const {
    const std::string port = std::to_string(server_.port);
    const bool says_port = !server_.socket.empty() || server_.text.ends_with(":" + port);
    return Gone(server_.text + ": connection refused" + (says_port ? "" : " at port " + port) +
                "; is streamd running there?");
}

Failed Connection::no_answer(milliseconds patience) const {
    return {cli::kNoAnswer, server_.text + ": no answer within " + format_duration(patience)};
}

Connection::Woke Connection::poll(short events, Clock::time_point deadline) {
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

void Connection::wait_for(loop::TlsSession::State wanted, Clock::time_point deadline) {
    const bool writes = wanted == loop::TlsSession::State::wants_write;
    switch (poll(writes ? POLLOUT : POLLIN, deadline)) {
        case Woke::news:
            return;
        case Woke::interrupted:
            throw Failed(cli::kInterrupted, "interrupted");
        case Woke::time:
            throw Failed(cli::kNoAnswer,
                         server_.text + ": the server has stopped reading the request");
    }
}

void Connection::shake_hands(Clock::time_point deadline) {
    using State = loop::TlsSession::State;
    std::vector<std::uint8_t> room(1024);
    // Reading is what drives a handshake; nothing else can come before we have asked for it.
    while (!tls_->is_established()) {
        const auto done = tls_->receive(room);
        if (tls_->is_established()) return;
        if (done.state == State::failed || done.state == State::ended) {
            const std::string plain = "use ws://" + server_.host_field() + server_.prefix;
            const std::string why =
                tls_->error().empty() ? "it ended the TLS handshake" : tls_->error();
            if (tls_->is_untrusted())
                throw unreachable(why +
                                  "; --cacert FILE says whom to trust, --insecure trusts any");
            if (!tls_->first_byte()) {
                throw unreachable(why + "; if there is no TLS at that port, " + plain);
            }
            // A server that speaks no TLS answers with text: "HTTP/1.1 400 ...".
            throw unreachable(tls_->first_byte() == 'H' ? "there is no TLS at that port; " + plain
                                                        : why);
        }
        if (done.state == State::more) continue;
        const Woke woke = poll(done.state == State::wants_write ? POLLOUT : POLLIN, deadline);
        if (woke == Woke::interrupted) throw Failed(cli::kInterrupted, "interrupted");
        if (woke == Woke::time) throw unreachable("no answer to the TLS handshake");
    }
}

Connection::Woke Connection::wait(Clock::time_point deadline) {
    if (!tls_) return poll(POLLIN, deadline);
    // A readable socket may hold half a record, and the session more than the socket tells of.
    constexpr std::size_t kPiece = 64 * 1024;
    for (;;) {
        if (!decrypted_.empty() || ended_) return Woke::news;
        std::vector<std::uint8_t> room(kPiece);
        const auto got = receive_tls(room);
        if (got) {
            decrypted_.assign(got->begin(), got->end());
            ended_ = decrypted_.empty();
            continue;
        }
        const Woke woke = poll(POLLIN, deadline);
        if (woke != Woke::news) return woke;
    }
}

void Connection::send(Bytes bytes, Clock::time_point deadline) {
    while (tls_ && !bytes.empty()) {
        const iovec piece{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
        const auto done = tls_->transmit({&piece, 1});
        bytes = bytes.subspan(done.bytes);
        if (bytes.empty()) return;
        if (done.state == loop::TlsSession::State::failed) throw unreachable(tls_->error());
        if (done.state != loop::TlsSession::State::more) wait_for(done.state, deadline);
    }
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) throw unreachable(std::strerror(errno));
        wait_for(loop::TlsSession::State::wants_write, deadline);
    }
}

std::optional<Bytes> Connection::receive(std::span<std::uint8_t> into) {
    if (!tls_) return receive_plain(into);
    if (!decrypted_.empty()) {
        const std::size_t taken = std::min(into.size(), decrypted_.size());
        std::copy_n(decrypted_.begin(), taken, into.begin());
        decrypted_.erase(decrypted_.begin(),
                         decrypted_.begin() + static_cast<std::ptrdiff_t>(taken));
        return Bytes(into.first(taken));
    }
    if (ended_) return Bytes();
    return receive_tls(into);
}

std::optional<Bytes> Connection::receive_tls(std::span<std::uint8_t> into) {
    using State = loop::TlsSession::State;
    for (;;) {
        const auto done = tls_->receive(into);
        if (done.bytes > 0) return Bytes(into.first(done.bytes));
        switch (done.state) {
            case State::more:
                continue;
            case State::wants_read:
                return std::nullopt;
            case State::wants_write:
                wait_for(done.state, Clock::now() + std::chrono::seconds(10));
                continue;
            case State::ended:
                return Bytes();
            case State::failed:
                throw unreachable(tls_->error());
        }
    }
}

std::optional<Bytes> Connection::receive_plain(std::span<std::uint8_t> into) {
    for (;;) {
        const ssize_t got = ::recv(fd(), into.data(), into.size(), 0);
        if (got >= 0) return Bytes(into.data(), static_cast<std::size_t>(got));
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
        throw unreachable(std::strerror(errno));
    }
}

}  // namespace st::streamctl
