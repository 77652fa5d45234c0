#include "capture/camera_meter.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace st::capture {
namespace {

std::uint64_t lost_of(std::initializer_list<std::uint32_t> numbers) {
    Counters counters;
    CameraLink link(1, "192.0.2.1:5", "/ingest/cam", 0);
    CameraMeter meter(counters, link);
    std::int64_t now_ns = 1;
    for (const std::uint32_t seq : numbers) {
        meter.count({.timestamp_ms = 0, .seq = seq, .payload = {}}, {}, ++now_ns);
    }
    return link.lost;
}

TEST(CameraMeter, counts_the_messages_whose_numbers_are_missing) {
    EXPECT_EQ(lost_of({0, 1, 2}), 0U);
    EXPECT_EQ(lost_of({0, 3, 4, 7}), 4U);
    EXPECT_EQ(lost_of({0, 0xFFFFFFFFU}), 0xFFFFFFFEU);
}

TEST(CameraMeter, a_capture_that_counts_from_anew_has_lost_nothing) {
    EXPECT_EQ(lost_of({0, 1, 5, 0, 1}), 3U);
    EXPECT_EQ(lost_of({7, 8}), 0U) << "nobody knows what came before";
    EXPECT_EQ(lost_of({3, 3}), 0U);
    EXPECT_EQ(lost_of({0xFFFFFFFFU, 0}), 0U);
}

TEST(CameraMeter, another_capture_says_its_own_size) {
    const std::vector<std::uint8_t> sps{0, 0, 0, 1, 0x67, 0x42, 0xC0, 0x1E, 0xF4, 0x0B, 0x04, 0xB2};
    Counters counters;
    CameraLink link(1, "192.0.2.1:5", "/ingest/cam", 0);
    CameraMeter meter(counters, link);
    media::NalPeek peek;
    peek.sps = true;
    meter.count({.timestamp_ms = 0, .seq = 0, .payload = sps}, peek, 1);
    EXPECT_EQ(link.width, 352U);
    EXPECT_EQ(link.height, 288U);
    meter.forget_size();
    EXPECT_EQ(link.width, 0U);
    EXPECT_EQ(link.height, 0U);
}

}  // namespace
}  // namespace st::capture
