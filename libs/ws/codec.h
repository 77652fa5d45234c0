#pragma once
/// WebSocket frames: bytes -> messages. RFC 6455 section 5, strict, both roles. Pure: no socket,
/// clock, log or thread in here; one thread at a time.
///
///      0               1               2               3
///     +-+-+-+-+-------+-+-------------+-------------------------------+
///     |F|R|R|R| opcode|M| length 0-125|  126: u16 length,             |
///     |I|S|S|S|  (4)  |A|             |  127: u64 length, high bit 0, |
///     |N|V|V|V|       |S|             |  each only if it must be      |
///     |1|1|2|3|       |K|             |                               |
///     +-+-+-+-+-------+-+-------------+-------------------------------+
///     | mask key, 4 bytes: from clients always, from servers never    |
///     +---------------------------------------------------------------+
///     | payload, byte i XOR key[i % 4]                                |
///     +---------------------------------------------------------------+
///
/// A payload byte is copied once: unmasked on its way from the fed bytes into its message.
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/utf8.h"
#include "ws/frame.h"
#include "ws/mask.h"

namespace st::ws {

/// Whole messages, fragments put together.
struct Binary {
    Buffer payload;
};
struct Text {
    std::string text;  ///< valid UTF-8
};
struct Ping {
    std::string payload;  ///< at most 125 bytes: answer with a pong that carries the same
};
struct Pong {
    std::string payload;
};
/// The peer closes. Nothing is decoded after it; answer with a close frame unless we sent one.
struct Close {
    std::uint16_t code = kCloseNoCode;
    std::string reason;  ///< valid UTF-8, at most 123 bytes
};
using Event = std::variant<Binary, Text, Ping, Pong, Close>;

/// Largest messages, all fragments together. Checked from the header, before memory is taken.
struct Limits {
    std::size_t binary_bytes_max = 16 * 1024 * 1024;
    std::size_t text_bytes_max = 64 * 1024;
};

class Decoder {
 public:
    /// Memory taken at first for a message; it doubles as payload really arrives, so that a peer
    /// that only announces 16 MB costs this much.
    static constexpr std::size_t kFirstBytes = 64 * 1024;

    /// `role` is ours: a server demands masked frames, a client refuses them.
    explicit Decoder(Role role, Limits limits = {}) : role_(role), limits_(limits) {}

    /// Borrows `bytes` until next() returned nullopt or an Error; call next() until it does.
    void feed(Bytes bytes);

    /// The next event; nullopt = feed me more. An Error is final; its code is the close code to
    /// send (1002, 1007 or 1009).
    Result<std::optional<Event>> next();

    /// True between two messages with no frame begun: an end of stream here cuts nothing off.
    bool is_between_messages() const {
        return state_ == State::header && header_size_ == 0 && !message_;
    }

    /// Gives back the memory of an unfinished message. Nothing is decoded afterwards.
    void drop();

    /// Bytes of memory held for an unfinished message.
    std::size_t held_bytes() const { return binary_.capacity() + text_.size(); }

    /// Of an unfinished message, what has to come before it is whole, at least: the rest of its
    /// frame. 0 between two fragments, where that is not known.
    std::size_t missing_bytes() const {
        return state_ == State::payload && !is_control() ? length_ - received_ : 0;
    }

 private:
    enum class State : std::uint8_t { header, payload, closed, failed };

    Error fail(std::uint16_t code, std::string message);
    bool take_header(std::size_t want);
    /// The checks that need the first two bytes only.
    Result<void> check_start();
    /// Reads the length and checks it against the limits; header_ holds all of it.
    Result<void> check_length();
    void begin_payload();
    /// True once a whole header is there and accepted; false: more bytes are needed.
    Result<bool> read_header();
    /// True once the frame's payload is there.
    Result<bool> read_payload();
    void make_room(std::size_t more);
    /// nullopt: a fragment that was not the last.
    Result<std::optional<Event>> finish_frame();
    Result<std::optional<Event>> finish_close();
    bool is_control() const { return (static_cast<std::uint8_t>(opcode_) & 0x8) != 0; }
    bool is_binary() const { return message_ == Opcode::binary; }

    const Role role_;
    const Limits limits_;

    State state_ = State::header;
    Bytes input_;  ///< borrowed: fed and not yet decoded
    Error error_;  ///< why, when failed

    std::array<std::uint8_t, kFrameHeaderMax> header_{};
    std::size_t header_size_ = 0;
    bool started_ = false;  ///< check_start() accepted the first two bytes
    bool final_ = false;
    Opcode opcode_ = Opcode::continuation;
    MaskKey key_{};               ///< zeros when the frame is not masked
    std::uint64_t length_ = 0;    ///< of this frame's payload
    std::uint64_t received_ = 0;  ///< of it

    std::optional<Opcode> message_;  ///< text or binary: the message under way
    Buffer binary_;
    std::string text_;
    Utf8Checker utf8_;
    std::array<std::uint8_t, kControlPayloadMax> control_{};
};

}  // namespace st::ws
