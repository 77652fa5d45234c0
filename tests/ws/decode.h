#pragma once
/// What the tests of the decoder share: frames written by hand and fed in pieces.
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "support/pieces.h"
#include "ws/codec.h"
#include "ws/encode.h"

namespace st::ws {

using Wire = std::vector<std::uint8_t>;

inline Wire operator+(Wire a, const Wire& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

constexpr MaskKey kKey{0x37, 0xFA, 0x21, 0x3D};

/// A client's frame with any first byte, in the shortest form of its length.
inline Wire masked(std::uint8_t first, std::string_view payload, MaskKey key = kKey) {
    const FrameHeader header = encode_header(Opcode::binary, payload.size(), key);
    Wire wire(header.bytes().begin(), header.bytes().end());
    wire[0] = first;
    for (std::size_t i = 0; i < payload.size(); ++i) {
        wire.push_back(static_cast<std::uint8_t>(payload[i]) ^ key[i % 4]);
    }
    return wire;
}

struct Decoded {
    std::vector<Event> events;
    int close_code = 0;  ///< of the error, 0 if there was none
    std::string message;
};

/// Feeds `wire` in pieces of `step` bytes until it ends or an error comes.
inline Decoded decode(Decoder& decoder, Bytes wire, std::size_t step) {
    Decoded decoded;
    const auto error = test::feed_in_steps(
        decoder, wire, step, [&](Event&& event) { decoded.events.push_back(std::move(event)); });
    if (error) {
        decoded.close_code = error->code;
        decoded.message = error->message;
    }
    return decoded;
}

inline Decoded decode(const Wire& wire, Role role = Role::server, Limits limits = {}) {
    Decoder decoder(role, limits);
    return decode(decoder, wire, wire.size());
}

inline std::string as_string(const Event& event) {
    struct Visitor {
        std::string operator()(const Binary& binary) const {
            return "binary " + std::string(as_text(binary.payload.bytes()));
        }
        std::string operator()(const Text& text) const { return "text " + text.text; }
        std::string operator()(const Ping& ping) const { return "ping " + ping.payload; }
        std::string operator()(const Pong& pong) const { return "pong " + pong.payload; }
        std::string operator()(const Close& close) const {
            return "close " + std::to_string(close.code) + " " + close.reason;
        }
    };
    return std::visit(Visitor{}, event);
}

inline std::vector<std::string> as_strings(const Decoded& decoded) {
    std::vector<std::string> strings;
    for (const Event& event : decoded.events) strings.push_back(as_string(event));
    return strings;
}

}  // namespace st::ws
