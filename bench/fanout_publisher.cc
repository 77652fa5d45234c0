#include "fanout_publisher.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <system_error>

#include "base/clock.h"
#include "flv/amf.h"
#include "flv/tag.h"
#include "media/avc_config.h"

namespace st::bench {
namespace {

/// 1280x720, baseline, 30 pictures a second.
constexpr std::array<std::uint8_t, 25> kSps{0x67, 0x42, 0xC0, 0x1F, 0xD9, 0x00, 0x50, 0x05, 0xBB,
                                            0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00,
                                            0x03, 0x03, 0xC0, 0xF1, 0x83, 0x24, 0x80};
constexpr std::array<std::uint8_t, 5> kPps{0x68, 0xCB, 0x83, 0xCB, 0x20};

constexpr std::uint8_t kKeyPicture = 0x17;
constexpr std::uint8_t kOtherPicture = 0x27;
constexpr std::uint8_t kIdrUnit = 0x65;
constexpr std::uint8_t kSliceUnit = 0x41;
constexpr std::size_t kPictureHeadBytes = 14;
constexpr double kKeyWeight = 9;  ///< a key picture is so many times as large as the average
constexpr int kSendBufferBytes = 1 << 20;
constexpr timeval kPatience{5, 0};

}  // namespace

FanoutPublisher::FanoutPublisher(const std::string& path, std::uint16_t port, Feed feed)
    : feed_(feed), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    if (::setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        ::setsockopt(fd(), SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof kSendBufferBytes) < 0 ||
        ::setsockopt(fd(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience) < 0 ||
        ::connect(fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) {
        throw std::system_error(errno, std::generic_category(), "the publisher's connect");
    }
    send_all(as_bytes("POST " + path + ".flv HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                      "\r\nContent-Type: video/x-flv\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n"));
    send_all(flv::encode_header(false, true));
    send_all(as_bytes("\r\n"));
    flv::AmfObject facts{flv::AmfObject::Kind::ecma_array, {}};
    facts.add("width", 1280.0);
    facts.add("height", 720.0);
    facts.add("framerate", feed_.fps);
    facts.add("videocodecid", 7.0);
    const Buffer metadata = flv::encode_amf0("onMetaData", flv::AmfValue(std::move(facts)));
    send_tag(static_cast<std::uint8_t>(flv::TagType::script), 0, metadata.bytes());
    const std::array<std::uint8_t, 5> head{kKeyPicture, 0, 0, 0, 0};
    Buffer config((Bytes(head)));
    const Bytes sps(kSps);
    const Bytes pps(kPps);
    config.append(media::encode_avc_config({&sps, 1}, {&pps, 1}).bytes());
    send_tag(static_cast<std::uint8_t>(flv::TagType::video), 0, config.bytes());
    std::uint32_t noise = 1;
    for (std::size_t i = 0; i < picture_bytes(0) * 2; ++i) {
        noise = noise * 1'664'525 + 1'013'904'223;
        const auto byte = static_cast<std::uint8_t>(noise >> 24 | 1);  // never a start code
        body_.append({&byte, 1});
    }
}

/// Sum over a GOP: what the bit rate says.
std::size_t FanoutPublisher::picture_bytes(std::uint32_t index) const {
    const double average = feed_.mbit * 1e6 / 8 / feed_.fps;
    const double key = std::min(kKeyWeight, static_cast<double>(feed_.gop)) * average;
    if (index % feed_.gop == 0) return std::max(static_cast<std::size_t>(key), kPictureHeadBytes);
    const double other = (average * feed_.gop - key) / (feed_.gop - 1);
    // Spread by 30 % around it, the same in every run.
    const std::uint32_t spread = index * 2'654'435'761U >> 24;
    const double size = other * (0.7 + 0.6 * static_cast<double>(spread) / 255);
    return std::max(static_cast<std::size_t>(size), kPictureHeadBytes);
}

void FanoutPublisher::send_picture() {
    const std::uint32_t index = next_++;
    const bool is_key = index % feed_.gop == 0;
    const std::size_t size = picture_bytes(index);
    body_.resize(std::max(body_.size(), size));
    std::uint8_t* at = body_.data();
    at[0] = is_key ? kKeyPicture : kOtherPicture;
    at[1] = 1;  // NAL units
    at[2] = at[3] = at[4] = 0;
    store_be32(at + 5, static_cast<std::uint32_t>(size - 9));
    at[9] = is_key ? kIdrUnit : kSliceUnit;
    store_index(at + 10, index);
    sent_ns_.push_back(monotonic_ns());
    send_tag(static_cast<std::uint8_t>(flv::TagType::video), picture_ms(index, feed_.fps),
             body_.bytes().first(size));
}

/// One chunk of HTTP, in one send().
void FanoutPublisher::send_tag(std::uint8_t type, std::uint32_t timestamp_ms, Bytes body) {
    const auto tag_bytes = static_cast<std::uint32_t>(flv::kTagHeaderBytes + body.size());
    std::array<char, 16> line{};
    std::snprintf(line.data(), line.size(), "%zx\r\n", tag_bytes + flv::kPreviousTagSizeBytes);
    std::array<std::uint8_t, flv::kTagHeaderBytes> head{};
    store_be32(head.data(), static_cast<std::uint32_t>(body.size()));
    head[0] = type;
    store_be32(head.data() + 4, timestamp_ms << 8);
    head[7] = static_cast<std::uint8_t>(timestamp_ms >> 24);
    std::array<std::uint8_t, 4> tail{};
    store_be32(tail.data(), tag_bytes);
    chunk_.clear();
    chunk_.append(as_bytes(line.data()));
    chunk_.append(head);
    chunk_.append(body);
    chunk_.append(tail);
    chunk_.append(as_bytes("\r\n"));
    send_all(chunk_.bytes());
}

void FanoutPublisher::send_all(Bytes bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0) throw std::system_error(errno, std::generic_category(), "the publisher");
        bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
}

}  // namespace st::bench
