#include "record/segment_options.h"

#include <gtest/gtest.h>

namespace st::record {
namespace {

TEST(SegmentWords, are_understood_as_they_are_said) {
    for (const auto format : {SegmentFormat::mp4, SegmentFormat::flv}) {
        EXPECT_EQ(format_of(to_text(format)), format);
    }
    using enum SegmentTracksWanted;
    for (const auto tracks : {all, video, audio}) {
        EXPECT_EQ(tracks_of(to_text(tracks)), tracks);
    }
    EXPECT_EQ(to_text(SegmentFormat::flv), "flv");
    EXPECT_EQ(to_text(SegmentFormat::mp4), "mp4");
    EXPECT_EQ(to_text(all), "all");
    EXPECT_EQ(to_text(video), "video");
    EXPECT_EQ(to_text(audio), "audio");
    EXPECT_FALSE(format_of("mkv"));
    EXPECT_FALSE(tracks_of(""));
}

}  // namespace
}  // namespace st::record
