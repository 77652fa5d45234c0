#include "media/jpeg.h"

#include <gtest/gtest.h>

#include <vector>

namespace st::media {
namespace {

using Raw = std::vector<std::uint8_t>;

const Raw kStart = {0xFF, 0xD8};
const Raw kJfif = {0xFF, 0xE0, 0, 4, 'J', 'F'};
/// 640 x 480, baseline, one component.
const Raw kFrame = {0xFF, 0xC0, 0, 11, 8, 0x01, 0xE0, 0x02, 0x80, 1, 1, 0x11, 0};
const Raw kScan = {0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 0x12, 0xFF, 0xD9};

Raw joined(std::initializer_list<Raw> parts) {
    Raw all;
    for (const Raw& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

TEST(Jpeg, says_its_size_behind_other_segments_and_fill_bytes) {
    EXPECT_EQ(read_jpeg_size(joined({kStart, kJfif, kFrame, kScan})), (JpegSize{640, 480}));
    EXPECT_EQ(read_jpeg_size(joined({kStart, {0xFF, 0xFF}, kJfif, kFrame})), (JpegSize{640, 480}));
    EXPECT_EQ(read_jpeg_size(joined({kStart, {0xFF, 0xD0}, kFrame})), (JpegSize{640, 480}));
    Raw progressive = kFrame;
    progressive[1] = 0xC2;
    EXPECT_EQ(read_jpeg_size(joined({kStart, progressive})), (JpegSize{640, 480}));
}

TEST(Jpeg, anything_else_is_none) {
    EXPECT_FALSE(read_jpeg_size({}));
    EXPECT_FALSE(read_jpeg_size(kStart));
    EXPECT_FALSE(read_jpeg_size(kFrame)) << "no start of image";
    EXPECT_FALSE(read_jpeg_size(joined({kStart, kScan}))) << "no frame header";
    EXPECT_FALSE(read_jpeg_size(joined({kStart, {0, 0}, kFrame}))) << "no marker";
    EXPECT_FALSE(read_jpeg_size(joined({kStart, {0xFF, 0xE0, 0, 1}, kFrame}))) << "length 1";
    EXPECT_FALSE(read_jpeg_size(joined({kStart, {0xFF, 0xE0, 0x7F, 0xFF}, kFrame}))) << "cut short";
    Raw lossless = kFrame;
    lossless[1] = 0xC3;
    EXPECT_FALSE(read_jpeg_size(joined({kStart, lossless})));
    Raw no_height = kFrame;
    no_height[5] = no_height[6] = 0;
    EXPECT_FALSE(read_jpeg_size(joined({kStart, no_height})));
    for (std::size_t i = 0; i < kFrame.size(); ++i) {
        EXPECT_FALSE(read_jpeg_size(joined(
            {kStart, Raw(kFrame.begin(), kFrame.begin() + static_cast<std::ptrdiff_t>(i))})));
    }
}

}  // namespace
}  // namespace st::media
