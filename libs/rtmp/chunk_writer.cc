#include "rtmp/chunk_writer.h"

#include <algorithm>
#include <cassert>

#include "flv/body.h"

namespace st::rtmp {
namespace {

constexpr std::uint8_t kForm3 = 0xC0;
constexpr std::size_t kForm0Bytes = 12;  ///< with the basic header
constexpr std::size_t kStreamIdAt = 8;
constexpr std::size_t kExtendedBytes = 4;

void store_le32(std::uint8_t* at, std::uint32_t value) { store_be32(at, __builtin_bswap32(value)); }

/// Writes the chunks of one message whose payload comes in pieces.
class MessageWriter {
 public:
    MessageWriter(std::uint8_t* at, std::uint8_t chunk_stream, std::uint32_t timestamp_ms,
                  std::size_t chunk_bytes)
        : at_(at),
          chunk_stream_(chunk_stream),
          timestamp_ms_(timestamp_ms),
          chunk_bytes_(chunk_bytes),
          chunk_left_(chunk_bytes) {}

    void begin(MessageType type, std::uint32_t stream_id, std::size_t payload_bytes) {
        *at_ = chunk_stream_;
        store_be32(at_ + 4, static_cast<std::uint32_t>(payload_bytes << 8) |
                                static_cast<std::uint8_t>(type));
        const std::uint32_t field = std::min(timestamp_ms_, kExtendedTimestamp);
        store_be24(at_ + 1, field);
        store_le32(at_ + kStreamIdAt, stream_id);
        at_ += kForm0Bytes;
        write_extended();
    }

    void write(Bytes bytes) {
        while (!bytes.empty()) {
            if (chunk_left_ == 0) {
                *at_++ = kForm3 | chunk_stream_;
                write_extended();
                chunk_left_ = chunk_bytes_;
            }
            const std::size_t size = std::min(chunk_left_, bytes.size());
            at_ = std::copy_n(bytes.data(), size, at_);
            bytes = bytes.subspan(size);
            chunk_left_ -= size;
        }
    }

    const std::uint8_t* at() const { return at_; }

 private:
    void write_extended() {
        if (timestamp_ms_ < kExtendedTimestamp) return;
        store_be32(at_, timestamp_ms_);
        at_ += kExtendedBytes;
    }

    std::uint8_t* at_;
    const std::uint8_t chunk_stream_;
    const std::uint32_t timestamp_ms_;
    const std::size_t chunk_bytes_;
    std::size_t chunk_left_;
};

std::size_t encoded_bytes(std::size_t payload_bytes, std::uint32_t timestamp_ms,
                          std::size_t chunk_bytes) {
    const std::size_t more = payload_bytes == 0 ? 0 : (payload_bytes - 1) / chunk_bytes;
    const std::size_t extended = timestamp_ms >= kExtendedTimestamp ? kExtendedBytes : 0;
    return kForm0Bytes + extended + payload_bytes + more * (1 + extended);
}

std::uint8_t chunk_stream(media::Track track) {
    switch (track) {
        case media::Track::video:
            return kVideoChunkStream;
        case media::Track::audio:
            return kAudioChunkStream;
        case media::Track::metadata:
            break;
    }
    return kDataChunkStream;
}

}  // namespace

void append_message(Buffer& out, MessageType type, std::uint8_t chunk_stream,
                    std::uint32_t timestamp_ms, std::uint32_t stream_id, Bytes payload,
                    std::size_t chunk_bytes) {
    assert(payload.size() <= flv::kBodyBytesMax && chunk_stream >= 2 && chunk_stream < 64);
    const std::size_t begin = out.size();
    out.resize(begin + encoded_bytes(payload.size(), timestamp_ms, chunk_bytes));
    MessageWriter writer(out.data() + begin, chunk_stream, timestamp_ms, chunk_bytes);
    writer.begin(type, stream_id, payload.size());
    writer.write(payload);
    assert(writer.at() == out.data() + out.size());
}

Buffer encode_packet(const media::Packet& packet, std::size_t chunk_bytes,
                     std::uint32_t stream_id) {
    const std::size_t size = flv::body_bytes(packet);
    if (size > flv::kBodyBytesMax) return {};
    const auto timestamp_ms = static_cast<std::uint32_t>(packet.dts_ms);
    Buffer out(encoded_bytes(size, timestamp_ms, chunk_bytes));
    MessageWriter writer(out.data(), chunk_stream(packet.track), timestamp_ms, chunk_bytes);
    writer.begin(static_cast<MessageType>(flv::tag_type(packet)), stream_id, size);
    const flv::BodyHead head = flv::body_head(packet);
    writer.write(Bytes(head.bytes).first(head.size));
    writer.write(packet.payload.bytes());
    assert(writer.at() == out.data() + out.size());
    return out;
}

std::optional<std::uint32_t> media_time(Bytes encoded) {
    if (encoded.size() < kForm0Bytes + kExtendedBytes) return std::nullopt;
    const auto type = static_cast<MessageType>(encoded[7]);
    if (type != MessageType::audio && type != MessageType::video) return std::nullopt;
    const std::uint32_t field = load_be32(encoded.data()) & kExtendedTimestamp;
    return field == kExtendedTimestamp ? load_be32(encoded.data() + kForm0Bytes) : field;
}

Buffer readdress(Bytes encoded, std::uint32_t stream_id) {
    assert(encoded.size() >= kForm0Bytes);
    Buffer copy(encoded);
    store_le32(copy.data() + kStreamIdAt, stream_id);
    return copy;
}

}  // namespace st::rtmp
