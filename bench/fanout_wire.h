#pragma once
/// What a viewer speaks: bytes of a connection in, media messages and answers out. Looks only at
/// what tells one picture from another, so that a thousand viewers cost one process little.
#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/buffer.h"
#include "base/bytes.h"

namespace st::bench {

/// Enough of a body to know one of our pictures by: FLV's 5 bytes, the NAL unit's length and
/// header, and the picture's number.
constexpr std::size_t kBodyHeadBytes = 14;

/// An audio, video or data message that arrived whole.
struct MediaHead {
    std::uint8_t type = 0;  ///< as FLV and RTMP number them alike
    std::uint32_t timestamp_ms = 0;
    std::size_t body_bytes = 0;
    std::array<std::uint8_t, kBodyHeadBytes> body{};  ///< its first bytes
};

class MediaSink {
 public:
    virtual ~MediaSink() = default;
    virtual void on_media(const MediaHead& head) = 0;
};

/// Throws std::runtime_error wherever the server refuses or breaks the protocol.
class Wire {
 public:
    virtual ~Wire() = default;
    /// What to send as soon as it is connected.
    virtual void begin(Buffer& out) = 0;
    /// Appends to `out` what is to be answered.
    virtual void feed(Bytes bytes, Buffer& out, MediaSink& sink) = 0;
};

/// An FLV byte stream, cut anywhere -> its tags. Throws if a tag's PreviousTagSize is not its size.
class TagScan {
 public:
    void feed(Bytes bytes, MediaSink& sink);

 private:
    std::size_t step(Bytes bytes, MediaSink& sink);

    std::size_t file_header_left_ = 13;
    std::array<std::uint8_t, 11 + kBodyHeadBytes> head_{};
    std::size_t at_ = 0;          ///< in the tag
    std::size_t head_bytes_ = 0;  ///< of the tag, kept; known from its 11th byte on
    std::size_t tag_bytes_ = 0;   ///< without PreviousTagSize
    std::array<std::uint8_t, 4> tail_{};
};

/// `protocol`: "http-flv" (whole or in chunks, as the server likes), "ws-flv" or "rtmp".
/// `path`: "/app/name". Throws std::invalid_argument for another protocol.
std::unique_ptr<Wire> make_wire(const std::string& protocol, const std::string& path,
                                std::uint16_t port);
std::unique_ptr<Wire> make_rtmp_wire(const std::string& path, std::uint16_t port);

}  // namespace st::bench
