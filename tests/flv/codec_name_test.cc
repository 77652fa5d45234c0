#include "flv/codec_name.h"

#include <gtest/gtest.h>

namespace st::flv {
namespace {

using media::Track;

TEST(CodecName, is_the_one_people_know) {
    EXPECT_EQ(codec_name(Track::video, 0x68766331), "hevc");
    EXPECT_EQ(codec_name(Track::video, 12), "hevc");
    EXPECT_EQ(codec_name(Track::video, 0x61763031), "av1");
    EXPECT_EQ(codec_name(Track::audio, 0x4F707573), "opus");
    EXPECT_EQ(codec_name(Track::video, 2), "flv1");
    EXPECT_EQ(codec_name(Track::audio, 2), "mp3");
    EXPECT_EQ(codec_name(Track::audio, 0), "pcm");
}

TEST(CodecName, of_one_nobody_has_told_us_of_is_what_its_stream_says) {
    EXPECT_EQ(codec_name(Track::video, 0x61707631), "apv1");
    EXPECT_EQ(codec_name(Track::video, 9), "flv-9");
    EXPECT_EQ(codec_name(Track::video, 0x61760031), "flv-1635123249");
    EXPECT_EQ(codec_name(Track::audio, 0x687663FF), "flv-1752589311");
}

}  // namespace
}  // namespace st::flv
