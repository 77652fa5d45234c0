#include <algorithm>

#include "flv/tag.h"

namespace st::flv {

std::array<std::uint8_t, kFileHeaderBytes> encode_header(bool has_audio, bool has_video) {
    const auto flags = static_cast<std::uint8_t>((has_audio ? 4 : 0) | (has_video ? 1 : 0));
    return {'F', 'L', 'V', 1, flags, 0, 0, 0, 9, 0, 0, 0, 0};
}

std::size_t tag_bytes(const media::Packet& packet) {
    const std::size_t body = body_bytes(packet);
    return body > kBodyBytesMax ? 0 : kTagHeaderBytes + body + kPreviousTagSizeBytes;
}

Buffer encode_tag(const media::Packet& packet, std::size_t prefix_bytes) {
    const std::size_t size = tag_bytes(packet);
    if (size == 0) return {};
    Buffer tag(prefix_bytes + size);
    std::uint8_t* at = tag.data() + prefix_bytes;
    const auto body = static_cast<std::uint32_t>(body_bytes(packet));
    const auto time = static_cast<std::uint32_t>(packet.dts_ms);
    store_be32(at, body);  // its top byte is 0; the type goes there
    at[0] = static_cast<std::uint8_t>(tag_type(packet));
    store_be32(at + 4, time << 8 | time >> 24);
    std::fill_n(at + 8, 3, std::uint8_t{0});
    at = write_body(packet, at + kTagHeaderBytes);
    store_be32(at, static_cast<std::uint32_t>(kTagHeaderBytes + body));
    return tag;
}

}  // namespace st::flv
