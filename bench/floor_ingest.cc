/// The floor of ./dev bench ingest: the least a program can do that receives camera messages over
/// WebSocket and stores them. One thread, epoll, one receive buffer for all connections, unmasking
/// eight bytes at a time in place, one write() per message into one file per connection. It trusts
/// its peers completely; only the opening handshake is borrowed from the libraries.
///
///     floor_ingest --dir DIR --ports-file FILE
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "http/head.h"
#include "ws/handshake.h"

namespace {

constexpr std::size_t kReceiveBytes = 1024 * 1024;
constexpr std::size_t kMessageBytesMax = 16 * 1024 * 1024;

int check(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

struct Connection {
    st::Fd socket;
    st::Fd file;
    bool is_open = false;  ///< the handshake is done
    st::http::RequestReader head;
    std::vector<std::uint8_t> rest;  ///< an unfinished frame
};

/// A whole frame at the front of some bytes; size 0: not there yet.
struct Frame {
    std::size_t size = 0;
    std::uint8_t* payload = nullptr;
    std::size_t payload_bytes = 0;
    int opcode = 0;
};

constexpr int kBinary = 2;
constexpr int kClose = 8;

Frame next_frame(std::uint8_t* at, std::size_t size) {
    if (size < 2) return {};
    std::size_t header = 2;
    std::size_t length = at[1] & 0x7F;
    if (length == 126) {
        header = 4;
        if (size < header) return {};
        length = st::load_be16(at + 2);
    } else if (length == 127) {
        header = 10;
        if (size < header) return {};
        length = st::load_be64(at + 2);
    }
    header += 4;
    if (length > kMessageBytesMax) throw std::runtime_error("a message over 16 MiB");
    if (size < header + length) return {};
    return {header + length, at + header, length, at[0] & 0x0F};
}

void unmask(std::uint8_t* payload, std::size_t size) {
    const std::uint8_t* key4 = payload - 4;
    std::uint64_t key = 0;
    std::memcpy(&key, key4, 4);
    key |= key << 32;
    std::size_t at = 0;
    for (; at + 8 <= size; at += 8) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, payload + at, 8);
        eight ^= key;
        std::memcpy(payload + at, &eight, 8);
    }
    for (; at < size; ++at) payload[at] ^= key4[at % 4];
}

class Floor {
 public:
    Floor(std::string folder, const std::string& ports_file)
        : folder_(std::move(folder)), buffer_(kReceiveBytes) {
        listener_.reset(check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        check(::bind(listener_.get(), generic, sizeof address), "bind");
        check(::listen(listener_.get(), 1024), "listen");
        socklen_t size = sizeof address;
        check(::getsockname(listener_.get(), generic, &size), "getsockname");
        epoll_.reset(check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
        watch(listener_.get(), nullptr);
        write_ports(ports_file, ntohs(address.sin_port));
    }

    [[noreturn]] void run() {
        std::array<epoll_event, 256> events{};
        for (;;) {
            const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), -1);
            if (count < 0 && errno != EINTR) check(count, "epoll_wait");
            for (int i = 0; i < count; ++i) {
                auto* connection =
                    static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
                if (connection == nullptr) {
                    accept();
                } else if (!receive(*connection)) {
                    delete connection;
                }
            }
        }
    }

 private:
    void watch(int fd, Connection* connection) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = connection;
        check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }

    static void write_ports(const std::string& path, int port) {
        const std::string part = path + ".part";
        std::FILE* file = std::fopen(part.c_str(), "w");
        if (file == nullptr) throw std::system_error(errno, std::generic_category(), part);
        std::fprintf(file, "{\"http\":%d}\n", port);
        std::fclose(file);
        check(std::rename(part.c_str(), path.c_str()), "rename");
    }

    void accept() {
        auto connection = std::make_unique<Connection>();
        connection->socket.reset(
            check(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
        const int on = 1;
        check(::setsockopt(connection->socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on),
              "TCP_NODELAY");
        const std::string path = folder_ + "/camera" + std::to_string(++accepted_) + ".dump";
        connection->file.reset(check(
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), path.c_str()));
        const int fd = connection->socket.get();
        watch(fd, connection.release());  // owned by epoll's pointer from here on, deleted in run()
    }

    /// False at the end of the connection.
    bool receive(Connection& connection) {
        const std::size_t kept = connection.rest.size();
        if (buffer_.size() < kept + kReceiveBytes) buffer_.resize(kept + kReceiveBytes);
        if (kept > 0) std::memcpy(buffer_.data(), connection.rest.data(), kept);
        const ssize_t got =
            ::recv(connection.socket.get(), buffer_.data() + kept, kReceiveBytes, 0);
        if (got <= 0) return false;
        std::uint8_t* at = buffer_.data();
        std::size_t size = kept + static_cast<std::size_t>(got);
        if (!connection.is_open) {
            const std::size_t used = shake_hands(connection, at, size);
            at += used;
            size -= used;
        }
        while (connection.is_open) {
            const Frame frame = next_frame(at, size);
            if (frame.size == 0) break;
            if (frame.opcode == kClose) return false;
            if (frame.opcode == kBinary) store(connection, frame);
            at += frame.size;
            size -= frame.size;
        }
        connection.rest.assign(at, at + size);
        return true;
    }

    static void store(const Connection& connection, const Frame& frame) {
        unmask(frame.payload, frame.payload_bytes);
        const ssize_t written = ::write(connection.file.get(), frame.payload, frame.payload_bytes);
        if (written != static_cast<ssize_t>(frame.payload_bytes)) {
            throw std::system_error(errno, std::generic_category(), "write");
        }
    }

    static std::size_t shake_hands(Connection& connection, const std::uint8_t* at,
                                   std::size_t size) {
        auto used = connection.head.feed({at, size});
        if (!used) throw std::runtime_error(used.error().message);
        if (!connection.head.is_complete()) return *used;
        const st::http::RequestHead head = connection.head.take();
        auto upgrade = st::ws::check_upgrade(head.method, head.version_minor, head.fields);
        if (!upgrade) throw std::runtime_error(upgrade.error().message);
        const std::string answer = st::ws::encode_upgrade_answer(*upgrade);
        check(static_cast<int>(
                  ::send(connection.socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL)),
              "send");
        connection.is_open = true;
        return *used;
    }

    std::string folder_;
    std::vector<std::uint8_t> buffer_;
    st::Fd listener_;
    st::Fd epoll_;
    int accepted_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    std::string folder;
    std::string ports_file;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string option = argv[i];
        if (option == "--dir") folder = argv[i + 1];
        if (option == "--ports-file") ports_file = argv[i + 1];
    }
    if (folder.empty() || ports_file.empty()) {
        std::fprintf(stderr, "usage: floor_ingest --dir DIR --ports-file FILE\n");
        return 64;
    }
    try {
        Floor(folder, ports_file).run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "floor_ingest: %s\n", error.what());
        return 1;
    }
}
