#include "auth/sha256.h"

#include <gtest/gtest.h>

namespace st::auth {
namespace {

TEST(Sha256, gives_the_digests_of_fips_180) {
    EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(sha256(Bytes{})),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(to_hex(sha256(as_bytes(std::string(1'000'000, 'a')))),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, is_read_from_hex_of_either_case) {
    const Sha256 digest = sha256(as_bytes("abc"));
    std::string hex = to_hex(digest);
    EXPECT_EQ(*parse_sha256(hex), digest);
    for (char& c : hex) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(*parse_sha256(hex), digest);
    EXPECT_FALSE(parse_sha256(hex.substr(1)));
    EXPECT_FALSE(parse_sha256(hex + "0"));
    hex[10] = 'g';
    EXPECT_FALSE(parse_sha256(hex));
}

TEST(Sha256, comparing_sees_every_bit) {
    const Sha256 digest = sha256(as_bytes("abc"));
    EXPECT_TRUE(equal_constant_time(digest, digest));
    for (std::size_t bit = 0; bit < 256; ++bit) {
        Sha256 other = digest;
        other[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        EXPECT_FALSE(equal_constant_time(digest, other)) << bit;
    }
}

}  // namespace
}  // namespace st::auth
