#pragma once
/// WebSocket frames: messages -> bytes. RFC 6455 section 5. Pure; any thread. A server sends
/// without a key, so one frame serves every viewer; a client passes a fresh random key each time.
#include <array>
#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "ws/frame.h"
#include "ws/mask.h"

namespace st::ws {

/// The 2 to 14 bytes before a payload.
struct FrameHeader {
    std::array<std::uint8_t, kFrameHeaderMax> data{};
    std::size_t size = 0;

    Bytes bytes() const { return {data.data(), size}; }
};

/// Header of a whole message (FIN set) in one frame. With a key the caller masks the payload
/// itself (copy_masked).
FrameHeader encode_header(Opcode opcode, std::uint64_t payload_bytes,
                          std::optional<MaskKey> key = std::nullopt);

/// Header and payload of a whole message in one frame. A control frame's payload is at most 125
/// bytes (asserted).
Buffer encode_frame(Opcode opcode, Bytes payload, std::optional<MaskKey> key = std::nullopt);

Buffer encode_text(std::string_view text, std::optional<MaskKey> key = std::nullopt);
Buffer encode_ping(std::string_view payload, std::optional<MaskKey> key = std::nullopt);
Buffer encode_pong(std::string_view payload, std::optional<MaskKey> key = std::nullopt);

/// A code that may not be sent (1005, 1006, ...) makes an empty close frame; a reason over 123
/// bytes is cut at a character.
Buffer encode_close(std::uint16_t code, std::string_view reason = {},
                    std::optional<MaskKey> key = std::nullopt);

}  // namespace st::ws
