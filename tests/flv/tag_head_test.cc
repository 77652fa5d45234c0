#include <gtest/gtest.h>

#include <array>

#include "flv/tag.h"

namespace st::flv {
namespace {

TEST(TagHead, says_type_size_and_time) {
    const std::array<std::uint8_t, kTagHeaderBytes> tag = {
        0x29,                    // encrypted, video
        0x01, 0x02, 0x03,        // body_bytes
        0xA1, 0xA2, 0xA3, 0xA4,  // timestamp_ms, its high bits last
        0x00, 0x00, 0x00,        // stream id
    };
    const TagHead head = read_tag_head(tag);
    EXPECT_EQ(head.type, TagType::video);
    EXPECT_EQ(head.body_bytes, 0x01'0203U);
    EXPECT_EQ(head.timestamp_ms, 0xA4A1'A2A3U);
}

TEST(TagHead, takes_another_time_and_keeps_the_rest) {
    std::array<std::uint8_t, kTagHeaderBytes> tag = {8, 0, 0, 7, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3};
    set_tag_time(tag, 0x0102'0304);
    EXPECT_EQ(tag, (std::array<std::uint8_t, kTagHeaderBytes>{8, 0, 0, 7, 2, 3, 4, 1, 1, 2, 3}));
    EXPECT_EQ(read_tag_head(tag).timestamp_ms, 0x0102'0304U);
}

TEST(TagHead, is_of_a_key_picture_by_the_first_byte_of_its_body) {
    EXPECT_TRUE(is_key_picture(TagType::video, 0x17));   // AVC
    EXPECT_TRUE(is_key_picture(TagType::video, 0x90));   // of a FourCC
    EXPECT_FALSE(is_key_picture(TagType::video, 0x27));  // inter
    EXPECT_FALSE(is_key_picture(TagType::video, 0xA1));
    EXPECT_FALSE(is_key_picture(TagType::audio, 0x17));
    EXPECT_FALSE(is_key_picture(TagType::script, 0x17));
}

}  // namespace
}  // namespace st::flv
