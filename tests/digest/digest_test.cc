#include "digest/digest.h"

#include <gtest/gtest.h>

#include "base/encodings.h"

namespace st::digest {
namespace {

TEST(Sha256, gives_the_digests_of_fips_180) {
    EXPECT_EQ(hex_encode(sha256(as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex_encode(sha256(Bytes{})),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(
        hex_encode(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hex_encode(sha256(as_bytes(std::string(1'000'000, 'a')))),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha1, gives_the_digest_of_fips_180) {
    EXPECT_EQ(hex_encode(sha1(as_bytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(hex_encode(sha1(Bytes{})), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

TEST(Md5, gives_the_digest_of_rfc_1321) {
    EXPECT_EQ(hex_encode(md5(as_bytes("message digest"))), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(HmacSha256, gives_the_digests_of_rfc_4231) {
    EXPECT_EQ(hex_encode(hmac_sha256("Jefe", as_bytes("what do ya want for nothing?"))),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(
        hex_encode(hmac_sha256(std::string(131, '\xaa'),
                               as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Sha256, is_read_from_hex_of_either_case) {
    const Sha256 digest = sha256(as_bytes("abc"));
    std::string hex = hex_encode(digest);
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
    EXPECT_FALSE(equal_constant_time(digest, Bytes(digest).first(31)));
    for (std::size_t bit = 0; bit < 256; ++bit) {
        Sha256 other = digest;
        other[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        EXPECT_FALSE(equal_constant_time(digest, other)) << bit;
    }
}

}  // namespace
}  // namespace st::digest
