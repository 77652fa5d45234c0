#include <algorithm>
#include <cassert>

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

void set_tag_time(std::span<std::uint8_t> tag, std::uint32_t timestamp_ms) {
    assert(tag.size() >= kTagHeaderBytes);
    store_be24(&tag[4], timestamp_ms);
    tag[7] = static_cast<std::uint8_t>(timestamp_ms >> 24);
}

Buffer encode_tag(const media::Packet& packet, std::size_t prefix_bytes) {
    const std::size_t size = tag_bytes(packet);
    if (size == 0) return {};
    Buffer tag(prefix_bytes + size);
    std::uint8_t* at = tag.data() + prefix_bytes;
    const auto body = static_cast<std::uint32_t>(body_bytes(packet));
    at[0] = static_cast<std::uint8_t>(tag_type(packet));
    store_be24(at + 1, body);
    set_tag_time({at, kTagHeaderBytes}, static_cast<std::uint32_t>(packet.dts_ms));
    std::fill_n(at + 8, 3, std::uint8_t{0});
    at = write_body(packet, at + kTagHeaderBytes);
    store_be32(at, static_cast<std::uint32_t>(kTagHeaderBytes + body));
    return tag;
}

}  // namespace st::flv
