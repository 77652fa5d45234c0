#include "base/bytes.h"

#include <gtest/gtest.h>

#include <array>

namespace st {
namespace {

TEST(Bytes, of_24_bits_are_read_and_written_in_big_endian_order) {
    std::array<std::uint8_t, 5> bytes = {0xEE, 0, 0, 0, 0xEE};
    store_be24(&bytes[1], 0xAB01'0203);  // more than 24 bits
    EXPECT_EQ(bytes, (std::array<std::uint8_t, 5>{0xEE, 0x01, 0x02, 0x03, 0xEE}));
    EXPECT_EQ(load_be24(&bytes[1]), 0x01'0203U);
    store_be24(&bytes[1], 0xFF'FFFF);
    EXPECT_EQ(load_be24(&bytes[1]), 0xFF'FFFFU);
}

TEST(Bytes, of_24_bits_with_a_sign_are_read) {
    const auto read = [](std::uint32_t bits) {
        std::array<std::uint8_t, 3> bytes{};
        store_be24(bytes.data(), bits);
        return load_be24_signed(bytes.data());
    };
    EXPECT_EQ(read(0), 0);
    EXPECT_EQ(read(40), 40);
    EXPECT_EQ(read(0x7F'FFFF), 8'388'607);
    EXPECT_EQ(read(0x80'0000), -8'388'608);
    EXPECT_EQ(read(0xFF'FFFF), -1);
}

}  // namespace
}  // namespace st
