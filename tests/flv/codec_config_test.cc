#include "flv/codec_config.h"

#include "bytes.h"

namespace st::flv {
namespace {

TEST(AvcConfig, is_read_and_gives_the_picture_size) {
    const auto config = parse_avc_config(kAvcConfig);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->profile_idc, 66);
    EXPECT_EQ(config->constraint_flags, 0xC0);
    EXPECT_EQ(config->level_idc, 12);
    EXPECT_EQ(config->length_bytes, 4U);
    ASSERT_EQ(config->sps.size(), 1U);
    EXPECT_EQ(wire(config->sps[0]), kSps);
    ASSERT_EQ(config->pps.size(), 1U);
    EXPECT_EQ(wire(config->pps[0]), kPps);
    const auto size = picture_size(*config);
    ASSERT_TRUE(size);
    EXPECT_EQ(size->width, 320U);
    EXPECT_EQ(size->height, 180U);
}

TEST(AvcConfig, refuses_every_truncation) {
    for (std::size_t size = 0; size < kAvcConfig.size(); ++size) {
        EXPECT_FALSE(parse_avc_config(Bytes(kAvcConfig).first(size))) << size;
    }
}

TEST(AvcConfig, may_be_without_parameter_sets) {
    const Wire bare = {0x01, 0x42, 0xC0, 0x0C, 0xFD, 0xE0, 0x00};
    const auto config = parse_avc_config(bare);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->length_bytes, 2U);
}

TEST(AvcConfig, refuses_what_it_cannot_be) {
    Wire record = kAvcConfig;
    record[0] = 0;
    EXPECT_EQ(parse_avc_config(record).error().message, "avcC: version 0, expected 1");
    record = kAvcConfig;
    record[4] = 0xFE;
    EXPECT_EQ(parse_avc_config(record).error().message,
              "avcC: lengths of 3 bytes, expected 1, 2 or 4");
    record = kAvcConfig;
    record[8] = 0x68;
    EXPECT_EQ(parse_avc_config(record).error().message, "avcC: SPS 0 is a NAL unit of type 8");
    record = kAvcConfig;
    record[5] = 0xE2;
    EXPECT_NE(parse_avc_config(record).error().message.find("avcC: SPS 1 is cut short"),
              std::string::npos);
}

TEST(AvcConfig, is_made_of_parameter_sets) {
    EXPECT_EQ(wire(encode_avc_config(kSps, kPps).bytes()), kAvcConfig);
    // What ffmpeg writes for the same sets, but for the profile's extension.
    const Wire high = Wire{0x01, 0x64, 0x00, 0x0C, 0xFF, 0xE1, 0x00, 0x1A} + kHighSps +
                      Wire{0x01, 0x00, 0x06} + kHighPps +
                      Wire{
                          0xFD,  // 6 reserved ones, chroma_format_idc 1
                          0xF8,  // 5 reserved ones, 8 bits of luma
                          0xF8,  // and of chroma
                          0x00,  // SPS extensions
                      };
    EXPECT_EQ(wire(encode_avc_config(kHighSps, kHighPps).bytes()), high);
    const auto config = parse_avc_config(high);
    ASSERT_TRUE(config);
    EXPECT_EQ(picture_size(*config)->width, 320U);
}

TEST(AvcConfig, gives_no_size_where_the_sps_cannot_be_read) {
    Wire record = {0x01, 0x42, 0xC0, 0x0C, 0xFF, 0xE1, 0x00, 0x02, 0x67, 0x42, 0x00};
    const auto config = parse_avc_config(record);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_FALSE(picture_size(*config));
    EXPECT_FALSE(picture_size(AvcConfig{}));
}

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
}  // namespace st::flv
