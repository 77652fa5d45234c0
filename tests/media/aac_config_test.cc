#include "media/aac_config.h"

#include <gtest/gtest.h>

#include <vector>

namespace st::media {
namespace {

using Wire = std::vector<std::uint8_t>;

TEST(AacConfig, is_read) {
    struct Case {
        Wire bytes;
        unsigned object_type;
        std::uint32_t sample_rate;
        unsigned channels;
    };
    const Case cases[] = {
        {{0x12, 0x10}, 2, 44'100, 2},                   // 00010 0100 0010 000
        {{0x11, 0x88}, 2, 48'000, 1},                   // 00010 0011 0001 000
        {{0x11, 0xB8}, 2, 48'000, 8},                   // 00010 0011 0111 000
        {{0x17, 0x80, 0x0F, 0xA0, 0x10}, 2, 8'000, 2},  // 00010 1111, 24 bits of rate, 0010
        {{0x2B, 0x8A, 0x08, 0x00}, 5, 44'100, 1},  // 00101 0111 0001 0100 00010: SBR of 22.05 kHz
        {{0xF9, 0x46, 0x40}, 42, 48'000, 2},       // 11111 001010 0011 0010: USAC
    };
    for (const Case& it : cases) {
        const auto config = parse_aac_config(it.bytes);
        ASSERT_TRUE(config) << config.error().message;
        EXPECT_EQ(config->object_type, it.object_type);
        EXPECT_EQ(config->sample_rate, it.sample_rate);
        EXPECT_EQ(config->channels, it.channels);
    }
}

TEST(AacConfig, refuses_what_it_cannot_be) {
    EXPECT_EQ(parse_aac_config({}).error().message, "AudioSpecificConfig: cut short at 0 bytes");
    EXPECT_EQ(parse_aac_config(Wire{0x12}).error().message,
              "AudioSpecificConfig: cut short at 1 bytes");
    EXPECT_EQ(parse_aac_config(Wire{0x02, 0x10}).error().message,
              "AudioSpecificConfig: object type 0");
    EXPECT_EQ(parse_aac_config(Wire{0x16, 0x90}).error().message,
              "AudioSpecificConfig: reserved sample rate");
}

}  // namespace
}  // namespace st::media
