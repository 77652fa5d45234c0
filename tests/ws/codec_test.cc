#include "ws/codec.h"

#include "decode.h"

namespace st::ws {
namespace {

using Strings = std::vector<std::string>;

// RFC 6455 section 5.7: a masked "Hello".
const Wire kHello = {
    0x81,                          // FIN, text
    0x85,                          // masked, 5 bytes
    0x37, 0xFA, 0x21, 0x3D,        // key
    0x7F, 0x9F, 0x4D, 0x51, 0x58,  // "Hello"
};

/// Everything a client may say, in one conversation.
Wire conversation() {
    return kHello +                                  //
           masked(0x82, "") +                        // an empty binary message
           masked(0x01, "frag") +                    // text, not final
           masked(0x89, "ping in between") +         //
           masked(0x00, "") +                        // an empty fragment
           masked(0x00, "men\xE2\x82") +             // the euro sign is cut here
           masked(0x8A, "") +                        // an unasked pong
           masked(0x80, "\xAC") +                    //
           masked(0x02, std::string(200, 'b')) +     // binary fragments
           masked(0x80, std::string(70'000, 'c')) +  //
           masked(0x88,
                  "\x03\xE8"
                  "bye") +    // close 1000
           Wire{0xFF, 0xFF};  // anything after it is not read
}

Strings conversation_events() {
    return {"text Hello",
            "binary ",
            "ping ping in between",
            "pong ",
            "text fragmen\xE2\x82\xAC",
            "binary " + std::string(200, 'b') + std::string(70'000, 'c'),
            "close 1000 bye"};
}

TEST(Decoder, reads_a_conversation_however_it_is_split) {
    const Wire wire = conversation();
    for (const std::size_t step : {1UL, 2UL, 3UL, 5UL, 7UL, 13UL, 64UL, 4096UL, 65'536UL}) {
        SCOPED_TRACE(step);
        Decoder decoder(Role::server);
        const Decoded decoded = decode(decoder, wire, step);
        EXPECT_EQ(decoded.close_code, 0) << decoded.message;
        EXPECT_EQ(as_strings(decoded), conversation_events());
    }
}

TEST(Decoder, reads_the_same_with_one_cut_anywhere) {
    const Wire wire = kHello + masked(0x01, "frag") + masked(0x89, "p") + masked(0x80, "ment") +
                      masked(0x82, std::string(130, 'x')) + masked(0x88, "\x03\xE8");
    for (std::size_t cut = 1; cut < wire.size(); ++cut) {
        SCOPED_TRACE(cut);
        Decoder decoder(Role::server);
        Decoded first = decode(decoder, Bytes(wire).first(cut), cut);
        const Decoded second = decode(decoder, Bytes(wire).subspan(cut), wire.size() - cut);
        Strings all = as_strings(first);
        for (const std::string& event : as_strings(second)) all.push_back(event);
        EXPECT_EQ(all, (Strings{"text Hello", "ping p", "text fragment",
                                "binary " + std::string(130, 'x'), "close 1000 "}));
    }
}

TEST(Decoder, wants_more_after_every_truncation) {
    for (std::size_t size = 0; size < kHello.size(); ++size) {
        Decoder decoder(Role::server);
        const Decoded decoded = decode(decoder, Bytes(kHello).first(size), kHello.size());
        EXPECT_TRUE(decoded.events.empty()) << size;
        EXPECT_EQ(decoded.close_code, 0) << size;
        EXPECT_EQ(decoder.is_between_messages(), size == 0) << size;
    }
}

TEST(Decoder, unmasks_right_whatever_the_split_does_to_the_phase) {
    std::string payload;
    for (int i = 0; i < 300; ++i) payload += static_cast<char>(i * 7);
    const Wire wire = masked(0x82, payload);
    for (std::size_t step = 1; step <= wire.size(); ++step) {
        Decoder decoder(Role::server);
        const Decoded decoded = decode(decoder, wire, step);
        ASSERT_EQ(as_strings(decoded), Strings{"binary " + payload}) << step;
    }
}

TEST(Decoder, takes_every_length_at_the_edges_of_its_forms) {
    for (const std::size_t size : {0UL, 1UL, 125UL, 126UL, 127UL, 65'535UL, 65'536UL, 65'537UL}) {
        const std::string payload(size, 'z');
        EXPECT_EQ(as_strings(decode(masked(0x82, payload))), Strings{"binary " + payload}) << size;
    }
}

TEST(Decoder, as_a_client_takes_unmasked_frames) {
    const Buffer frame = encode_text("Hello");
    const Wire wire(frame.bytes().begin(), frame.bytes().end());
    EXPECT_EQ(wire, (Wire{0x81, 0x05, 'H', 'e', 'l', 'l', 'o'}));
    EXPECT_EQ(as_strings(decode(wire, Role::client)), Strings{"text Hello"});
}

TEST(Decoder, an_empty_close_has_no_code) {
    EXPECT_EQ(as_strings(decode(masked(0x88, ""))), Strings{"close 1005 "});
}

TEST(Decoder, takes_every_close_code_that_may_be_sent) {
    for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
                           3000, 3999, 4000, 4999}) {
        const std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
        EXPECT_EQ(as_strings(decode(masked(0x88, payload))),
                  Strings{"close " + std::to_string(code) + " "});
    }
}

}  // namespace
}  // namespace st::ws
