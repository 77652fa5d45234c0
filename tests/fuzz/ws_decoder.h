#pragma once
/// The property both decoder targets check: what comes out does not depend on how the bytes were
/// cut, nor on whether large payloads were received directly.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "../support/pieces.h"
#include "ws/codec.h"

namespace st::ws {

constexpr Limits kFuzzLimits{.binary_bytes_max = 200'000, .text_bytes_max = 5'000};

struct Trace {
    std::vector<std::string> events;
    int close_code = 0;
};

inline std::string flatten(const Event& event) {
    struct Visitor {
        std::string operator()(const Binary& it) const {
            if (it.payload.size() > kFuzzLimits.binary_bytes_max) std::abort();
            return "b" + std::string(as_text(it.payload.bytes()));
        }
        std::string operator()(const Text& it) const {
            if (it.text.size() > kFuzzLimits.text_bytes_max || !is_utf8(as_bytes(it.text))) {
                std::abort();
            }
            return "t" + it.text;
        }
        std::string operator()(const Ping& it) const { return "i" + it.payload; }
        std::string operator()(const Pong& it) const { return "o" + it.payload; }
        std::string operator()(const Close& it) const {
            return "c" + std::to_string(it.code) + it.reason;
        }
    };
    return std::visit(Visitor{}, event);
}

/// False when an error ended it.
inline bool pull(Decoder& decoder, Trace& trace) {
    const auto error =
        test::pull(decoder, [&](const Event& event) { trace.events.push_back(flatten(event)); });
    if (error) trace.close_code = error->code;
    return !error;
}

/// Feeds pieces of sizes drawn from `seed`.
inline Trace run(Role role, Bytes wire, std::uint32_t seed) {
    Decoder decoder(role, kFuzzLimits);
    Trace trace;
    for (test::Pieces pieces(wire, seed, 0x1F, 0x7FFF); !pieces.at_end();) {
        decoder.feed(pieces.next());
        if (!pull(decoder, trace)) break;
    }
    return trace;
}

inline int check(Role role, Bytes wire) {
    Trace whole;
    Decoder decoder(role, kFuzzLimits);
    decoder.feed(wire);
    pull(decoder, whole);
    const auto seed = static_cast<std::uint32_t>(wire.size() * 2'654'435'761U);
    const Trace pieces = run(role, wire, seed);
    if (pieces.events != whole.events || pieces.close_code != whole.close_code) std::abort();
    return 0;
}

}  // namespace st::ws
