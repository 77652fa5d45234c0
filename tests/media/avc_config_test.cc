#include "media/avc_config.h"

#include <gtest/gtest.h>

#include "media/parameter_sets.h"
#include "media/wire.h"

namespace st::media {
namespace {

Buffer made(const Wire& sps, const Wire& pps) {
    const Bytes sps_bytes(sps);
    const Bytes pps_bytes(pps);
    return encode_avc_config({&sps_bytes, 1}, {&pps_bytes, 1});
}

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
    EXPECT_EQ(wire(made(kSps, kPps).bytes()), kAvcConfig);
    const Wire high = Wire{0x01, 0x64, 0x00, 0x0C, 0xFF, 0xE1, 0x00, 0x1A} + kHighSps +
                      Wire{0x01, 0x00, 0x06} + kHighPps +
                      Wire{
                          0xFD,  // 6 reserved ones, chroma_format_idc 1
                          0xF8,  // 5 reserved ones, 8 bits of luma
                          0xF8,  // and of chroma
                          0x00,  // SPS extensions
                      };
    EXPECT_EQ(wire(made(kHighSps, kHighPps).bytes()), high);
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

TEST(AvcConfig, of_any_profile_but_the_three_first_says_chroma_and_depth) {
    Wire sps = kHighSps;
    for (const int profile : {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}) {
        sps[1] = static_cast<std::uint8_t>(profile);
        if (!parse_sps(sps)) continue;  // reads the rest otherwise
        const Wire record = wire(made(sps, kHighPps).bytes());
        EXPECT_EQ(Wire(record.end() - 4, record.end()), (Wire{0xFD, 0xF8, 0xF8, 0x00})) << profile;
    }
    sps[1] = 244;
    ASSERT_TRUE(parse_sps(sps));
    EXPECT_EQ(made(kSps, kPps).bytes().size(), kAvcConfig.size()) << "none for baseline";
}

TEST(AvcConfig, holds_several_sets) {
    const std::vector<Bytes> sps_list = {kHighSps, kHighSps};
    const std::vector<Bytes> pps_list = {kHighPps, kPps, kHighPps};
    const Buffer record = encode_avc_config(sps_list, pps_list);
    const auto config = parse_avc_config(record.bytes());
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->sps.size(), 2U);
    ASSERT_EQ(config->pps.size(), 3U);
    EXPECT_EQ(wire(config->pps[1]), kPps);
}

}  // namespace
}  // namespace st::media
