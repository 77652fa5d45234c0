#include "base/encodings.h"

#include <gtest/gtest.h>

namespace st {
namespace {

std::string all_bytes() {
    std::string all;
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
    return all;
}

TEST(Hex, is_written_small_and_read_in_either_case) {
    EXPECT_EQ(hex_encode(as_bytes("\x01\xab\xff")), "01abff");
    EXPECT_EQ(hex_decode("01aBFf"), (std::vector<std::uint8_t>{0x01, 0xAB, 0xFF}));
    for (const char* text : {"0", "0g", "g0", "0x", " 00"}) EXPECT_FALSE(hex_decode(text)) << text;
    EXPECT_EQ(as_text(*hex_decode(hex_encode(as_bytes(all_bytes())))), all_bytes());
}

TEST(Hex, has_colons_in_fingerprints) {
    EXPECT_EQ(colon_hex({}), "");
    EXPECT_EQ(colon_hex(std::vector<std::uint8_t>{0x0A, 0xFF, 0x10}), "0A:FF:10");
}

TEST(Base64, gives_the_vectors_of_rfc_4648) {
    const std::pair<const char*, const char*> cases[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (const auto& [bytes, text] : cases) {
        EXPECT_EQ(base64_encode(as_bytes(bytes)), text);
        EXPECT_EQ(as_text(*base64_decode(text)), bytes);
    }
    for (const char* text :
         {"Zg=", "Zg", "Z===", "Zm 8", "Zm8=\n", "Zm=8", "-_-_", "====", "Zg==Zg=="}) {
        EXPECT_FALSE(base64_decode(text)) << text;
    }
    EXPECT_EQ(as_text(*base64_decode(base64_encode(as_bytes(all_bytes())))), all_bytes());
}

TEST(Percent, encoding_and_decoding_are_inverse) {
    EXPECT_EQ(percent_decode(percent_encode(all_bytes())), all_bytes());
    EXPECT_EQ(percent_encode("a b/\xFF~"), "a%20b%2F%FF~");
    EXPECT_EQ(percent_decode("a+b%2f%2F"), "a+b//");
    for (const char* text : {"%", "%4", "%zz", "%4g", "a%"}) {
        EXPECT_FALSE(percent_decode(text)) << text;
    }
}

}  // namespace
}  // namespace st
