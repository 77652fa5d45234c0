/// The floor of ./dev bench fanout: the least a program can do that gives one publisher's FLV
/// stream to many HTTP viewers. One thread, epoll, one send() per tag and viewer, or per window and
/// viewer. There is one stream, whatever paths say; viewers begin with the next key picture; what a
/// socket does not take is copied and sent when it does, and a viewer over 8 MiB behind is closed.
/// With a certificate viewers may also come over TLS: one SSL_write() in place of one send().
///
///     fanout_floor --ports-file FILE [--batch MS] [--tls-cert FILE --tls-key FILE]
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/fd.h"
#include "flv/tag.h"
#include "http/body.h"
#include "http/head.h"

namespace {

using st::Buffer;
using st::Bytes;

constexpr std::size_t kReceiveBytes = 1024 * 1024;
constexpr std::size_t kBehindBytesMax = 8 * 1024 * 1024;
constexpr const char* kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\nConnection: close\r\n\r\n";

int check(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

struct Connection {
    st::Fd socket;
    std::unique_ptr<SSL, FreeSsl> ssl;  ///< null: plain
    st::http::RequestReader head;
    bool is_viewer = false;
    std::size_t seat = 0;                      ///< of a viewer, in its list
    std::optional<st::http::BodyReader> body;  ///< of the publisher
    std::vector<std::uint8_t> behind;          ///< what the socket did not take
    std::size_t behind_sent = 0;
};

class Floor {
 public:
    struct Options {
        std::string ports_file;
        int batch_ms = 0;
        std::string certificate;
        std::string key;
    };

    explicit Floor(const Options& options)
        : batch_ns_(std::int64_t{options.batch_ms} * 1'000'000), buffer_(kReceiveBytes) {
        epoll_.reset(check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
        std::string ports = "{\"http\":" + std::to_string(listen(listener_));
        if (!options.certificate.empty()) {
            open_tls(options);
            ports += ",\"https\":" + std::to_string(listen(secure_listener_));
        }
        write_ports(options.ports_file, ports + "}\n");
    }

    [[noreturn]] void run() {
        std::array<epoll_event, 256> events{};
        for (;;) {
            timespec wait{};
            const std::int64_t left = std::max<std::int64_t>(flush_ns_ - st::monotonic_ns(), 0);
            wait.tv_nsec = static_cast<long>(left % 1'000'000'000);
            wait.tv_sec = static_cast<time_t>(left / 1'000'000'000);
            const int count = ::epoll_pwait2(epoll_.get(), events.data(), events.size(),
                                             flush_ns_ == 0 ? nullptr : &wait, nullptr);
            if (count < 0 && errno != EINTR) check(count, "epoll_pwait2");
            for (int i = 0; i < count; ++i) {
                const epoll_event& event = events[static_cast<std::size_t>(i)];
                if (event.data.ptr == &listener_ || event.data.ptr == &secure_listener_) {
                    accept_all(*static_cast<st::Fd*>(event.data.ptr));
                } else {
                    serve(*static_cast<Connection*>(event.data.ptr), event.events);
                }
            }
            if (flush_ns_ != 0 && st::monotonic_ns() >= flush_ns_) flush();
            gone_.clear();
        }
    }

 private:
    /// Returns the port.
    int listen(st::Fd& listener) {
        listener.reset(
            check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket"));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        check(::bind(listener.get(), generic, sizeof address), "bind");
        check(::listen(listener.get(), 4096), "listen");
        socklen_t size = sizeof address;
        check(::getsockname(listener.get(), generic, &size), "getsockname");
        control(EPOLL_CTL_ADD, listener.get(), &listener, EPOLLIN);
        return ntohs(address.sin_port);
    }

    void open_tls(const Options& options) {
        tls_.reset(SSL_CTX_new(TLS_server_method()));
        if (!tls_ ||
            SSL_CTX_use_certificate_chain_file(tls_.get(), options.certificate.c_str()) != 1 ||
            SSL_CTX_use_PrivateKey_file(tls_.get(), options.key.c_str(), SSL_FILETYPE_PEM) != 1) {
            throw std::runtime_error("cannot use the certificate");
        }
        SSL_CTX_set_mode(tls_.get(),
                         SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }

    void control(int operation, int fd, void* owner, std::uint32_t events) const {
        epoll_event event{};
        event.events = events;
        event.data.ptr = owner;
        check(::epoll_ctl(epoll_.get(), operation, fd, &event), "epoll_ctl");
    }

    static void write_ports(const std::string& path, const std::string& ports) {
        const std::string part = path + ".part";
        std::FILE* file = std::fopen(part.c_str(), "w");
        if (file == nullptr) throw std::system_error(errno, std::generic_category(), part);
        std::fputs(ports.c_str(), file);
        std::fclose(file);
        check(std::rename(part.c_str(), path.c_str()), "rename");
    }

    void accept_all(const st::Fd& listener) {
        for (;;) {
            const int fd =
                ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (fd < 0 && errno == EAGAIN) return;
            auto connection = std::make_unique<Connection>();
            connection->socket.reset(check(fd, "accept"));
            const int on = 1;
            check(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
            if (&listener == &secure_listener_) {
                connection->ssl.reset(SSL_new(tls_.get()));
                SSL_set_fd(connection->ssl.get(), fd);
                SSL_set_accept_state(connection->ssl.get());
            }
            // Owned by epoll's pointer from here on, until drop().
            control(EPOLL_CTL_ADD, fd, connection.release(), EPOLLIN);
        }
    }

    /// Destroyed at the end of the turn: an event of it may still be in hand.
    void drop(Connection& connection) {
        if (!connection.socket) return;
        control(EPOLL_CTL_DEL, connection.socket.get(), nullptr, 0);
        connection.socket.reset();
        if (connection.is_viewer) {
            std::erase(waiting_, &connection);
            if (connection.seat < viewers_.size() && viewers_[connection.seat] == &connection) {
                viewers_.back()->seat = connection.seat;
                viewers_[connection.seat] = viewers_.back();
                viewers_.pop_back();
            }
        }
        gone_.emplace_back(&connection);
    }

    void serve(Connection& connection, std::uint32_t events) {
        if (!connection.socket) return;
        if ((events & EPOLLOUT) != 0 && !send_behind(connection)) return drop(connection);
        if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) return;
        const ssize_t got = receive(connection);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) return drop(connection);
        Bytes bytes(buffer_.data(), static_cast<std::size_t>(got));
        if (!connection.body && !connection.is_viewer) bytes = read_head(connection, bytes);
        if (connection.body) publish(*connection.body, bytes);
    }

    /// As recv(): EAGAIN also while a TLS handshake goes on.
    ssize_t receive(Connection& connection) {
        if (!connection.ssl) {
            return ::recv(connection.socket.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        }
        const int got =
            SSL_read(connection.ssl.get(), buffer_.data(), static_cast<int>(buffer_.size()));
        return got > 0 ? got : again(connection, got);
    }

    static ssize_t send_some(const Connection& viewer, Bytes bytes) {
        if (!viewer.ssl) {
            return ::send(viewer.socket.get(), bytes.data(), bytes.size(),
                          MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        const int sent = SSL_write(viewer.ssl.get(), bytes.data(), static_cast<int>(bytes.size()));
        return sent > 0 ? sent : again(viewer, sent);
    }

    static ssize_t again(const Connection& connection, int result) {
        const int why = SSL_get_error(connection.ssl.get(), result);
        errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
        return -1;
    }

    Bytes read_head(Connection& connection, Bytes bytes) {
        const auto used = connection.head.feed(bytes);
        if (!used) throw std::runtime_error(used.error().message);
        if (!connection.head.is_complete()) return {};
        const st::http::RequestHead head = connection.head.take();
        if (head.method == "POST") {
            auto body =
                st::http::BodyReader::of_request(head, std::numeric_limits<std::uint64_t>::max());
            if (!body) throw std::runtime_error(body.error().message);
            connection.body.emplace(std::move(*body));
        } else {
            connection.is_viewer = true;
            connection.seat = std::numeric_limits<std::size_t>::max();
            waiting_.push_back(&connection);
        }
        return bytes.subspan(*used);
    }

    void publish(st::http::BodyReader& body, Bytes bytes) {
        while (!bytes.empty() && !body.is_complete()) {
            const auto piece = body.next(bytes);
            if (!piece) throw std::runtime_error(piece.error().message);
            stream_.append(piece->data);
            bytes = bytes.subspan(piece->consumed);
        }
        Bytes left = stream_.bytes();
        if (!has_begun_ && left.size() >= st::flv::kFileHeaderBytes) {
            opening_.append(st::as_bytes(kAnswer));
            opening_.append(left.first(st::flv::kFileHeaderBytes));
            left = left.subspan(st::flv::kFileHeaderBytes);
            has_begun_ = true;
        }
        while (has_begun_ && left.size() >= st::flv::kTagHeaderBytes) {
            const std::size_t size = st::flv::kTagHeaderBytes +
                                     (st::load_be32(left.data()) & 0xFF'FFFF) +
                                     st::flv::kPreviousTagSizeBytes;
            if (left.size() < size) break;
            on_tag(left.first(size));
            left = left.subspan(size);
        }
        Buffer rest(left);
        stream_.clear();
        stream_.append(rest.bytes());
    }

    void on_tag(Bytes tag) {
        const std::uint8_t* body = tag.data() + st::flv::kTagHeaderBytes;
        const bool is_video = (tag[0] & 0x1F) == static_cast<int>(st::flv::TagType::video);
        if (!is_video || body[1] == 0) opening_.append(tag);  // metadata, sequence header
        if (is_video && body[1] == 1 && body[0] >> 4 == 1) seat_waiting();
        if (batch_ns_ == 0) return send_to_all(tag);
        gathered_.append(tag);
        if (flush_ns_ == 0) flush_ns_ = st::monotonic_ns() + batch_ns_;
    }

    void flush() {
        flush_ns_ = 0;
        send_to_all(gathered_.bytes());
        gathered_.clear();
    }

    void seat_waiting() {
        if (waiting_.empty()) return;
        if (flush_ns_ != 0) flush();
        for (Connection* connection : waiting_) {
            connection->seat = viewers_.size();
            viewers_.push_back(connection);
            send(*connection, opening_.bytes());
        }
        waiting_.clear();
    }

    void send_to_all(Bytes bytes) {
        // Backwards: one that is dropped is replaced by the last.
        for (std::size_t i = viewers_.size(); i-- > 0;) {
            if (!send(*viewers_[i], bytes)) drop(*viewers_[i]);
        }
    }

    bool send(Connection& viewer, Bytes bytes) const {
        if (viewer.behind.empty()) {
            ssize_t sent = 0;
            do {  // SSL_write() takes a record at a time
                bytes = bytes.subspan(static_cast<std::size_t>(sent));
                sent = bytes.empty() ? 0 : send_some(viewer, bytes);
            } while (sent > 0);
            if (sent < 0 && errno != EAGAIN) return false;
            if (bytes.empty()) return true;
            control(EPOLL_CTL_MOD, viewer.socket.get(), &viewer, EPOLLIN | EPOLLOUT);
        }
        viewer.behind.insert(viewer.behind.end(), bytes.begin(), bytes.end());
        return viewer.behind.size() - viewer.behind_sent <= kBehindBytesMax;
    }

    bool send_behind(Connection& viewer) const {
        const ssize_t sent = send_some(viewer, Bytes(viewer.behind).subspan(viewer.behind_sent));
        if (sent < 0) return errno == EAGAIN;
        viewer.behind_sent += static_cast<std::size_t>(sent);
        if (viewer.behind_sent < viewer.behind.size()) return true;
        viewer.behind.clear();
        viewer.behind_sent = 0;
        control(EPOLL_CTL_MOD, viewer.socket.get(), &viewer, EPOLLIN);
        return true;
    }

    const std::int64_t batch_ns_;
    std::vector<std::uint8_t> buffer_;
    st::Fd listener_;
    st::Fd secure_listener_;
    std::unique_ptr<SSL_CTX, FreeSsl> tls_;
    st::Fd epoll_;
    Buffer stream_;   ///< of the publisher, the beginning of a tag
    Buffer opening_;  ///< what a viewer gets before its first picture
    Buffer gathered_;
    std::int64_t flush_ns_ = 0;  ///< 0: nothing is gathered
    bool has_begun_ = false;
    std::vector<Connection*> viewers_;
    std::vector<Connection*> waiting_;  ///< for a key picture
    std::vector<std::unique_ptr<Connection>> gone_;
};

}  // namespace

int main(int argc, char** argv) {
    Floor::Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string option = argv[i];
        if (option == "--ports-file") options.ports_file = argv[i + 1];
        if (option == "--batch") options.batch_ms = std::stoi(argv[i + 1]);
        if (option == "--tls-cert") options.certificate = argv[i + 1];
        if (option == "--tls-key") options.key = argv[i + 1];
    }
    if (options.ports_file.empty() || options.batch_ms < 0) {
        std::fprintf(stderr,
                     "usage: fanout_floor --ports-file FILE [--batch MS] [--tls-cert FILE "
                     "--tls-key FILE]\n");
        return 64;
    }
    ::signal(SIGPIPE, SIG_IGN);  // SSL_write() cannot be told
    try {
        rlimit files{};
        if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
            files.rlim_cur = files.rlim_max;
            ::setrlimit(RLIMIT_NOFILE, &files);
        }
        Floor(options).run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "fanout_floor: %s\n", error.what());
        return 1;
    }
}
