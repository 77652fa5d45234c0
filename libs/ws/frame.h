#pragma once
/// What both directions of the codec name alike. RFC 6455 section 5.2.
#include <cstddef>
#include <cstdint>

namespace st::ws {

/// Whose end of the connection we are.
enum class Role : std::uint8_t { server, client };

/// On the wire; never renumber.
enum class Opcode : std::uint8_t {
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close = 0x8,
    ping = 0x9,
    pong = 0xA,
};

/// Close codes we send or name. RFC 6455 section 7.4.1 and the IANA registry.
constexpr std::uint16_t kCloseNormal = 1000;
constexpr std::uint16_t kCloseGoingAway = 1001;
constexpr std::uint16_t kCloseProtocolError = 1002;
constexpr std::uint16_t kCloseUnsupported = 1003;  ///< a kind of message we do not take
constexpr std::uint16_t kCloseNoCode = 1005;       ///< the close frame was empty; never sent
constexpr std::uint16_t kCloseAbnormal = 1006;     ///< there was no close frame; never sent
constexpr std::uint16_t kCloseBadText = 1007;
constexpr std::uint16_t kClosePolicy = 1008;
constexpr std::uint16_t kCloseTooBig = 1009;
constexpr std::uint16_t kCloseTryLater = 1013;

/// True for a code that may stand in a close frame.
bool is_sendable_close_code(std::uint16_t code);

constexpr std::size_t kControlPayloadMax = 125;
constexpr std::size_t kCloseReasonMax = 123;
constexpr std::size_t kFrameHeaderMax = 14;

}  // namespace st::ws
