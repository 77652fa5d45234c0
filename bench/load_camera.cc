#include "load_camera.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>
#include <system_error>

#include "ws/encode.h"

namespace st::bench {
namespace {

constexpr std::size_t kReadBytes = 4096;
/// Small, so that a server that falls behind is seen here and not hidden in megabytes of kernel.
constexpr int kSendBufferBytes = 128 * 1024;

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

Camera::Camera(int index, std::uint16_t port, const Clip& clip, ws::MaskKey key)
    : clip_(clip), key_(key) {
    std::array<char, 32> name{};
    std::snprintf(name.data(), name.size(), "load%04d", index);
    name_ = name.data();
    const auto number = static_cast<std::size_t>(index);
    next_unit_ = clip.idrs[number % clip.idrs.size()];
    nonce_.fill(static_cast<std::uint8_t>(index));
    socket_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    if (::setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        ::setsockopt(fd(), SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof kSendBufferBytes) < 0 ||
        ::connect(fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) {
        fail("connect");
    }
    send(as_bytes(ws::encode_upgrade_request("127.0.0.1:" + std::to_string(port),
                                             "/ingest/" + name_, nonce_)));
}

int Camera::kernel_queued_bytes() const {
    int bytes = 0;
    if (::ioctl(fd(), SIOCOUTQ, &bytes) < 0) fail("SIOCOUTQ");
    return bytes;
}

void Camera::send(Bytes first, Bytes second) {
    std::size_t done = 0;
    if (!wants_to_write()) {
        const std::array<iovec, 2> parts{
            iovec{const_cast<std::uint8_t*>(first.data()), first.size()},
            iovec{const_cast<std::uint8_t*>(second.data()), second.size()}};
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts.data());
        message.msg_iovlen = parts.size();
        const ssize_t sent = ::sendmsg(fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN) fail("send");
        if (sent > 0) done = static_cast<std::size_t>(sent);
        queue_.clear();
        sent_ = 0;
    }
    for (const Bytes part : {first, second}) {
        const std::size_t skipped = std::min(done, part.size());
        done -= skipped;
        queue_.insert(queue_.end(), part.begin() + static_cast<std::ptrdiff_t>(skipped),
                      part.end());
    }
}

void Camera::flush() {
    while (wants_to_write()) {
        const ssize_t sent =
            ::send(fd(), queue_.data() + sent_, queue_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN) return;
        if (sent < 0) fail("send");
        sent_ += static_cast<std::size_t>(sent);
    }
}

void Camera::send_text(std::string_view text) { send(ws::encode_text(text, key_).bytes()); }

void Camera::send_close() {
    send(ws::encode_close(ws::kCloseNormal, "load is over", key_).bytes());
}

void Camera::send_picture(std::uint64_t timestamp_ms) {
    if (!is_streaming_) return;
    const AccessUnit& unit = clip_.units[next_unit_];
    next_unit_ = (next_unit_ + 1) % clip_.units.size();
    const ws::FrameHeader frame =
        ws::encode_header(ws::Opcode::binary, 16 + unit.masked.size(), key_);
    std::array<std::uint8_t, 16> header{};
    store_be64(header.data(), timestamp_ms);
    store_be32(&header[8], seq_++);
    store_be32(&header[12], static_cast<std::uint32_t>(unit.masked.size()));
    std::array<std::uint8_t, ws::kFrameHeaderMax + 16> start{};
    std::copy_n(frame.data.begin(), frame.size, start.begin());
    ws::copy_masked(start.data() + frame.size, header, key_, 0);
    send(Bytes(start).first(frame.size + 16), unit.masked);
    ++pictures_;
    wire_bytes_ += frame.size + 16 + unit.masked.size();
}

void Camera::on_readable() {
    std::array<std::uint8_t, kReadBytes> buffer;
    for (;;) {
        const ssize_t got = ::recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) return;
        if (got < 0) fail("recv");
        if (got == 0) throw std::runtime_error(name_ + ": the server hung up");
        Bytes bytes = Bytes(buffer).first(static_cast<std::size_t>(got));
        if (!is_connected_) read_answer(bytes);
        if (!is_connected_) continue;
        decoder_.feed(bytes);
        for (;;) {
            auto event = decoder_.next();
            if (!event) throw std::runtime_error(name_ + ": " + event.error().message);
            if (!*event) break;
            obey(**event);
        }
    }
}

void Camera::read_answer(Bytes& bytes) {
    auto used = answer_.feed(bytes);
    if (!used) throw std::runtime_error(name_ + ": " + used.error().message);
    bytes = bytes.subspan(*used);
    if (!answer_.is_complete()) return;
    const http::ResponseHead head = answer_.take();
    auto checked = ws::check_upgrade_answer(head.status, head.fields, nonce_);
    if (!checked) throw std::runtime_error(name_ + ": " + checked.error().message);
    is_connected_ = true;
    send_text(R"({"status":"ready","message":"load"})");
}

void Camera::obey(const ws::Event& event) {
    if (const auto* ping = std::get_if<ws::Ping>(&event)) {
        send(ws::encode_pong(ping->payload, key_).bytes());
    } else if (const auto* close = std::get_if<ws::Close>(&event)) {
        throw std::runtime_error(name_ + ": closed with " + std::to_string(close->code) + " " +
                                 close->reason);
    } else if (const auto* text = std::get_if<ws::Text>(&event)) {
        // The two commands there are; neither word occurs in the other.
        if (text->text.find("\"start_capture\"") != std::string::npos && !is_streaming_) {
            seq_ = 0;
            is_streaming_ = true;
            send_text(R"({"status":"capture_started","message":"load"})");
        } else if (text->text.find("\"stop_capture\"") != std::string::npos && is_streaming_) {
            is_streaming_ = false;
            was_stopped_ = true;
            send_text(R"({"status":"capture_stopped","message":"load"})");
        }
    }
}

}  // namespace st::bench
