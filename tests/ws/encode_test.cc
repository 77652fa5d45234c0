#include "ws/encode.h"

#include "decode.h"
#include "ws/mask.h"

namespace st::ws {
namespace {

Wire wire_of(const Buffer& buffer) { return {buffer.bytes().begin(), buffer.bytes().end()}; }

Wire wire_of(const FrameHeader& header) { return {header.bytes().begin(), header.bytes().end()}; }

TEST(EncodeHeader, takes_the_shortest_form_of_every_length) {
    EXPECT_EQ(wire_of(encode_header(Opcode::text, 0)), (Wire{0x81, 0x00}));
    EXPECT_EQ(wire_of(encode_header(Opcode::binary, 125)), (Wire{0x82, 0x7D}));
    EXPECT_EQ(wire_of(encode_header(Opcode::binary, 126)), (Wire{0x82, 0x7E, 0x00, 0x7E}));
    EXPECT_EQ(wire_of(encode_header(Opcode::binary, 65'535)), (Wire{0x82, 0x7E, 0xFF, 0xFF}));
    EXPECT_EQ(wire_of(encode_header(Opcode::binary, 65'536)),
              (Wire{0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0}));
}

TEST(EncodeHeader, carries_the_key_of_a_client) {
    EXPECT_EQ(wire_of(encode_header(Opcode::binary, 5, kKey)),
              (Wire{0x82, 0x85, 0x37, 0xFA, 0x21, 0x3D}));
    EXPECT_EQ(encode_header(Opcode::binary, 65'536, kKey).size, kFrameHeaderMax);
}

TEST(EncodeFrame, masks_as_in_rfc_6455_section_5_7) {
    EXPECT_EQ(wire_of(encode_text("Hello", kKey)),
              (Wire{0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58}));
    EXPECT_EQ(wire_of(encode_ping("Hello")), (Wire{0x89, 0x05, 'H', 'e', 'l', 'l', 'o'}));
    EXPECT_EQ(wire_of(encode_pong("")), (Wire{0x8A, 0x00}));
}

TEST(EncodeFrame, is_what_the_decoder_of_the_other_side_reads) {
    for (const std::size_t size : {0UL, 1UL, 125UL, 126UL, 65'535UL, 65'536UL, 100'000UL}) {
        SCOPED_TRACE(size);
        const std::string payload(size, 'q');
        const Decoded at_server =
            decode(wire_of(encode_frame(Opcode::binary, as_bytes(payload), kKey)), Role::server);
        EXPECT_EQ(as_strings(at_server), std::vector<std::string>{"binary " + payload});
        const Decoded at_client =
            decode(wire_of(encode_frame(Opcode::binary, as_bytes(payload))), Role::client);
        EXPECT_EQ(as_strings(at_client), std::vector<std::string>{"binary " + payload});
    }
}

TEST(EncodeClose, carries_code_and_reason) {
    EXPECT_EQ(wire_of(encode_close(1000, "ok")), (Wire{0x88, 0x04, 0x03, 0xE8, 'o', 'k'}));
    EXPECT_EQ(wire_of(encode_close(kCloseNoCode, "never sent")), (Wire{0x88, 0x00}));
    EXPECT_EQ(wire_of(encode_close(kCloseAbnormal)), (Wire{0x88, 0x00}));
}

TEST(EncodeClose, cuts_a_long_reason_between_characters) {
    std::string reason(122, 'r');
    reason += "\xE2\x82\xAC";  // 125 bytes, and byte 123 is inside the euro sign
    const Decoded decoded = decode(wire_of(encode_close(1001, reason)), Role::client);
    EXPECT_EQ(as_strings(decoded), std::vector<std::string>{"close 1001 " + std::string(122, 'r')});
}

TEST(Mask, agrees_with_the_definition_at_every_length_offset_and_alignment) {
    std::vector<std::uint8_t> from(120);
    for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<std::uint8_t>(i * 37);
    for (std::size_t offset = 0; offset < 9; ++offset) {
        for (std::size_t start = 0; start < 8; ++start) {
            for (std::size_t size = 0; size <= 100; ++size) {
                const Bytes piece = Bytes(from).subspan(start, size);
                std::vector<std::uint8_t> expected(size);
                for (std::size_t i = 0; i < size; ++i)
                    expected[i] = piece[i] ^ kKey[(offset + i) % 4];
                std::vector<std::uint8_t> copied(size);
                copy_masked(copied.data(), piece, kKey, offset);
                ASSERT_EQ(copied, expected) << offset << ' ' << start << ' ' << size;
            }
        }
    }
}

}  // namespace
}  // namespace st::ws
