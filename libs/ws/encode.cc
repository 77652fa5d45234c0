#include "ws/encode.h"

#include <algorithm>
#include <cassert>

#include "base/utf8.h"

namespace st::ws {

FrameHeader encode_header(Opcode opcode, std::uint64_t payload_bytes, std::optional<MaskKey> key) {
    FrameHeader header;
    const std::uint8_t masked = key ? 0x80 : 0x00;
    header.data[0] = static_cast<std::uint8_t>(0x80 | static_cast<std::uint8_t>(opcode));
    if (payload_bytes <= 125) {
        header.data[1] = static_cast<std::uint8_t>(masked | payload_bytes);
        header.size = 2;
    } else if (payload_bytes <= 0xFFFF) {
        header.data[1] = masked | 126;
        store_be16(header.data.data() + 2, static_cast<std::uint16_t>(payload_bytes));
        header.size = 4;
    } else {
        header.data[1] = masked | 127;
        store_be64(header.data.data() + 2, payload_bytes);
        header.size = 10;
    }
    if (key) {
        std::copy(key->begin(), key->end(), header.data.begin() + header.size);
        header.size += key->size();
    }
    return header;
}

Buffer encode_frame(Opcode opcode, Bytes payload, std::optional<MaskKey> key) {
    assert((static_cast<std::uint8_t>(opcode) & 0x8) == 0 || payload.size() <= kControlPayloadMax);
    const FrameHeader header = encode_header(opcode, payload.size(), key);
    Buffer frame;
    frame.reserve(header.size + payload.size());
    frame.append(header.bytes());
    frame.resize(header.size + payload.size());
    if (!payload.empty()) {
        copy_masked(frame.data() + header.size, payload, key.value_or(MaskKey{}), 0);
    }
    return frame;
}

Buffer encode_text(std::string_view text, std::optional<MaskKey> key) {
    return encode_frame(Opcode::text, as_bytes(text), key);
}

Buffer encode_ping(std::string_view payload, std::optional<MaskKey> key) {
    return encode_frame(Opcode::ping, as_bytes(payload), key);
}

Buffer encode_pong(std::string_view payload, std::optional<MaskKey> key) {
    return encode_frame(Opcode::pong, as_bytes(payload), key);
}

Buffer encode_close(std::uint16_t code, std::string_view reason, std::optional<MaskKey> key) {
    if (!is_sendable_close_code(code)) return encode_frame(Opcode::close, {}, key);
    const std::string_view kept = utf8_prefix(reason, kCloseReasonMax);
    std::array<std::uint8_t, kControlPayloadMax> payload{};
    store_be16(payload.data(), code);
    std::copy(kept.begin(), kept.end(), payload.begin() + 2);
    return encode_frame(Opcode::close, Bytes(payload).first(2 + kept.size()), key);
}

}  // namespace st::ws
