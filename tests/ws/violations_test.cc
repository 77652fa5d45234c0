/// Every rule of RFC 6455 section 5 a peer can break, and the close code it gets.
#include "decode.h"

namespace st::ws {
namespace {

struct Violation {
    const char* what;
    Wire wire;
    int close_code;
    std::size_t seen_after;  ///< bytes that suffice to know
};

const std::vector<Violation> kFromClients = {
    {"not masked", {0x82, 0x01, 0x00}, 1002, 2},
    {"RSV1", masked(0xC2, "a"), 1002, 2},
    {"RSV2", masked(0xA2, "a"), 1002, 2},
    {"RSV3", masked(0x92, "a"), 1002, 2},
    {"RSV1 on a ping", masked(0xC9, ""), 1002, 2},
    {"opcode 3", masked(0x83, "a"), 1002, 2},
    {"opcode 7", masked(0x87, "a"), 1002, 2},
    {"opcode 11", masked(0x8B, ""), 1002, 2},
    {"opcode 15", masked(0x8F, ""), 1002, 2},
    {"fragmented ping", masked(0x09, "a"), 1002, 2},
    {"fragmented close", masked(0x08, ""), 1002, 2},
    {"ping of 126 bytes", masked(0x89, std::string(126, 'p')), 1002, 2},
    {"close of 126 bytes", masked(0x88, std::string(126, 'p')), 1002, 2},
    {"continuation of nothing", masked(0x80, "a"), 1002, 2},
    {"unfinished continuation of nothing", masked(0x00, "a"), 1002, 2},
    {"continuation after a whole message", masked(0x82, "a") + masked(0x80, "b"), 1002, 7 + 2},
    {"text inside a message", masked(0x02, "a") + masked(0x81, "b"), 1002, 7 + 2},
    {"binary inside a message", masked(0x01, "a") + masked(0x02, "b"), 1002, 7 + 2},
    {"length 125 in 16 bits", {0x82, 0xFE, 0x00, 0x7D}, 1002, 4},
    {"length 0 in 16 bits", {0x82, 0xFE, 0x00, 0x00}, 1002, 4},
    {"length 65535 in 64 bits", {0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, 1002, 10},
    {"length with its high bit", {0x82, 0xFF, 0x80, 0, 0, 0, 0, 1, 0, 0}, 1002, 10},
    {"text that is not UTF-8", masked(0x81, "a\xFF"), 1007, 8},
    {"text refused at its first wrong byte",
     masked(0x81,
            "\xED\xA0"
            "bcdef"),
     1007, 8},
    {"text refused in a fragment",
     masked(0x01,
            "\xED\xA0"
            "bcdef"),
     1007, 8},
    {"text that ends within a character", masked(0x81, "a\xE2\x82"), 1007, 9},
    {"character broken between fragments", masked(0x01, "\xE2\x82") + masked(0x80, "a"), 1007,
     8 + 7},
    {"close with half a code", masked(0x88, "\x03"), 1002, 2},
    {"close 0", masked(0x88, std::string("\x00\x00", 2)), 1002, 8},
    {"close 999", masked(0x88, "\x03\xE7"), 1002, 8},
    {"close 1004", masked(0x88, "\x03\xEC"), 1002, 8},
    {"close 1005", masked(0x88, "\x03\xED"), 1002, 8},
    {"close 1006", masked(0x88, "\x03\xEE"), 1002, 8},
    {"close 1015", masked(0x88, "\x03\xF7"), 1002, 8},
    {"close 1016", masked(0x88, "\x03\xF8"), 1002, 8},
    {"close 2999", masked(0x88, "\x0B\xB7"), 1002, 8},
    {"close 5000", masked(0x88, "\x13\x88"), 1002, 8},
    {"close 65535", masked(0x88, "\xFF\xFF"), 1002, 8},
    {"close reason not UTF-8", masked(0x88, "\x03\xE8\xC3"), 1007, 9},
};

TEST(Violation, of_a_client_gets_its_close_code) {
    for (const Violation& violation : kFromClients) {
        SCOPED_TRACE(violation.what);
        const Decoded decoded = decode(violation.wire);
        EXPECT_EQ(decoded.close_code, violation.close_code);
        EXPECT_TRUE(decoded.message.starts_with("websocket: ")) << decoded.message;
    }
}

TEST(Violation, is_seen_at_the_byte_that_makes_it_one) {
    for (const Violation& violation : kFromClients) {
        SCOPED_TRACE(violation.what);
        Decoder decoder(Role::server);
        const Bytes wire(violation.wire);
        const Decoded before = decode(decoder, wire.first(violation.seen_after - 1), 1);
        EXPECT_EQ(before.close_code, 0) << before.message;
        const Decoded then = decode(decoder, wire.subspan(violation.seen_after - 1, 1), 1);
        EXPECT_EQ(then.close_code, violation.close_code);
    }
}

TEST(Violation, is_final) {
    Decoder decoder(Role::server);
    const Wire bad = masked(0x83, "a");
    EXPECT_EQ(decode(decoder, bad, bad.size()).close_code, 1002);
    const Wire good = masked(0x82, "a");
    EXPECT_EQ(decode(decoder, good, good.size()).close_code, 1002);
}

TEST(Violation, leaves_the_messages_before_it_delivered) {
    const Decoded decoded = decode(masked(0x82, "kept") + masked(0x83, "a"));
    EXPECT_EQ(as_strings(decoded), std::vector<std::string>{"binary kept"});
    EXPECT_EQ(decoded.close_code, 1002);
}

TEST(Violation, of_a_server_is_a_masked_frame) {
    EXPECT_EQ(decode(masked(0x82, "a"), Role::client).close_code, 1002);
    EXPECT_EQ(decode({0x83, 0x00}, Role::client).close_code, 1002);
    EXPECT_EQ(decode({0x81, 0x01, 0xFF}, Role::client).close_code, 1007);
}

constexpr Limits kSmall{.binary_bytes_max = 300, .text_bytes_max = 200};

TEST(Limit, is_met_by_a_message_of_exactly_its_size) {
    EXPECT_EQ(decode(masked(0x82, std::string(300, 'a')), Role::server, kSmall).events.size(), 1U);
    EXPECT_EQ(decode(masked(0x81, std::string(200, 'a')), Role::server, kSmall).events.size(), 1U);
}

TEST(Limit, refuses_a_message_from_its_header_alone) {
    EXPECT_EQ(decode({0x82, 0xFE, 0x01, 0x2D}, Role::server, kSmall).close_code, 1009);
    EXPECT_EQ(decode({0x81, 0xFE, 0x00, 0xC9}, Role::server, kSmall).close_code, 1009);
    const Wire huge{0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    EXPECT_EQ(decode(huge, Role::server, kSmall).close_code, 1009);
    EXPECT_EQ(decode(huge, Role::server, kSmall).message,
              "websocket: message of 9223372036854775807 bytes over the limit of 300");
}

TEST(Limit, counts_fragments_together) {
    const Wire wire = masked(0x02, std::string(200, 'a')) + masked(0x00, std::string(100, 'a'));
    EXPECT_EQ(decode(wire, Role::server, kSmall).close_code, 0);
    EXPECT_EQ(decode(wire + masked(0x80, "a"), Role::server, kSmall).close_code, 1009);
    EXPECT_EQ(decode(masked(0x01, std::string(200, 'a')) + masked(0x00, "a"), Role::server, kSmall)
                  .close_code,
              1009);
}

TEST(Limit, starts_over_with_each_message) {
    const Wire wire = masked(0x82, std::string(300, 'a'));
    EXPECT_EQ(decode(wire + wire + wire, Role::server, kSmall).events.size(), 3U);
}

TEST(Memory, an_announcement_alone_costs_nothing) {
    Decoder decoder(Role::server);
    const Wire header{0x82, 0xFF, 0, 0, 0, 0, 0x01, 0, 0, 0, 1, 2, 3, 4};  // 16 MiB
    EXPECT_EQ(decode(decoder, header, header.size()).close_code, 0);
    EXPECT_LT(decoder.held_bytes(), 100U);
    decode(decoder, Wire(1), 1);
    EXPECT_EQ(decoder.held_bytes(), Decoder::kFirstBytes);
    const Wire noise(Decoder::kFirstBytes);
    decode(decoder, noise, noise.size());
    EXPECT_EQ(decoder.held_bytes(), 2 * Decoder::kFirstBytes);
}

TEST(Memory, a_message_takes_its_announced_size_and_no_more) {
    const Decoded decoded =
        decode(masked(0x82, std::string(1000, 'a')) + masked(0x82, std::string(100'000, 'a')));
    ASSERT_EQ(decoded.events.size(), 2U);
    EXPECT_EQ(std::get<Binary>(decoded.events[0]).payload.capacity(), 1000U);
    EXPECT_EQ(std::get<Binary>(decoded.events[1]).payload.capacity(), 100'000U);
}

TEST(Memory, is_given_away_with_the_message) {
    Decoder decoder(Role::server);
    const Wire wire = masked(0x82, std::string(1000, 'a'));
    EXPECT_EQ(decode(decoder, wire, wire.size()).events.size(), 1U);
    EXPECT_LT(decoder.held_bytes(), 100U);
    EXPECT_TRUE(decoder.is_between_messages());
}

}  // namespace
}  // namespace st::ws
