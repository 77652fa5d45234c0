#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <vector>

namespace st {
namespace {

std::vector<std::uint8_t> noise(std::size_t size) {
    std::vector<std::uint8_t> bytes(size);
    std::uint32_t state = 12345;
    for (auto& byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<std::uint8_t>(state >> 24);
    }
    return bytes;
}

TEST(Crc32c, gives_the_check_value_of_rfc_3720) {
    EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283U);
    EXPECT_EQ(crc32c_portable(as_bytes("123456789")), 0xE3069283U);
    EXPECT_EQ(crc32c(Bytes{}), 0U);
    EXPECT_EQ(crc32c(std::vector<std::uint8_t>(32, 0x00)), 0x8A9136AAU);
    EXPECT_EQ(crc32c(std::vector<std::uint8_t>(32, 0xFF)), 0x62A8AB43U);
}

TEST(Crc32c, both_forms_agree_at_every_length_around_the_lanes) {
    const auto bytes = noise(5000);
    for (std::size_t size = 0; size <= 40; ++size) {
        EXPECT_EQ(crc32c(Bytes(bytes).first(size)), crc32c_portable(Bytes(bytes).first(size)))
            << size;
    }
    for (std::size_t size = 1500; size <= 5000; size += 7) {
        EXPECT_EQ(crc32c(Bytes(bytes).first(size)), crc32c_portable(Bytes(bytes).first(size)))
            << size;
    }
}

TEST(Crc32c, continues_where_it_stopped) {
    const auto bytes = noise(4000);
    const std::uint32_t whole = crc32c(bytes);
    for (std::size_t cut = 0; cut <= bytes.size(); cut += 137) {
        EXPECT_EQ(crc32c(Bytes(bytes).subspan(cut), crc32c(Bytes(bytes).first(cut))), whole) << cut;
    }
}

}  // namespace
}  // namespace st
