#include "control/record.h"

#include <gtest/gtest.h>

namespace st::control {
namespace {

TEST(StoredSegments, are_written_as_the_document_says_and_read_back) {
    StoredSegment segment;
    segment.name = "20260131081530_segment_001.mp4";
    segment.file = "live/live/walk/20260131081530_segment_001.mp4";
    segment.url = "/api/v1/streams/live/walk/segments/20260131081530_segment_001.mp4";
    segment.start = "2026-01-31T08:15:30.250000Z";
    segment.end = "2026-01-31T08:45:30.250000Z";
    segment.duration_ms = 1'800'000;
    segment.bytes = 4711;
    segment.is_open = true;
    segment.kept = true;
    const std::string text = encode(segment);
    EXPECT_EQ(text, R"({"name":"20260131081530_segment_001.mp4",)"
                    R"("file":"live/live/walk/20260131081530_segment_001.mp4",)"
                    R"("url":"/api/v1/streams/live/walk/segments/20260131081530_segment_001.mp4",)"
                    R"("start":"2026-01-31T08:15:30.250000Z","end":"2026-01-31T08:45:30.250000Z",)"
                    R"("duration_ms":1800000,"bytes":4711,"open":true,"kept":true})");
    const auto back = decode_stored_segment(text);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, segment);
}

TEST(StoredSegments, without_a_name_or_a_begin_are_none) {
    EXPECT_TRUE(decode_stored_segment(R"({"name":"a.mp4","start":"2026-01-31T08:15:30Z"})"));
    EXPECT_FALSE(decode_stored_segment(R"({"name":"a.mp4"})"));
    EXPECT_FALSE(decode_stored_segment(R"({"start":"2026-01-31T08:15:30Z"})"));
    EXPECT_FALSE(decode_stored_segment(R"({"name":1,"start":"2026-01-31T08:15:30Z"})"));
    EXPECT_FALSE(decode_stored_segment("[]"));
}

}  // namespace
}  // namespace st::control
