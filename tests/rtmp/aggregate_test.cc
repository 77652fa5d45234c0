#include "rtmp/aggregate.h"

#include "bytes.h"

namespace st::rtmp {
namespace {

const Wire kParts = {
    0x09,                    // video
    0x00, 0x00, 0x02,        // length
    0xFF, 0xFF, 0xF0, 0x00,  // time 0x00FFFFF0
    0x00, 0x00, 0x00,        // stream id
    0x27, 0x02,              // body
    0x00, 0x00, 0x00, 0x0D,  // back pointer
    0x08,                    // audio
    0x00, 0x00, 0x01,        // length
    0x00, 0x00, 0x10, 0x01,  // time 0x01000010: 32 ms later
    0x00, 0x00, 0x00,        // stream id
    0xAF,                    // body
    0x00, 0x00, 0x00, 0x00,  // back pointer: wrong
};

struct Walked {
    std::vector<AggregatePart> parts;
    std::string error;
};

Walked walk(Bytes body, std::uint32_t timestamp_ms) {
    AggregateReader reader(body, timestamp_ms);
    Walked walked;
    for (;;) {
        const auto part = reader.next();
        if (!part) walked.error = part.error().message;
        if (!part || !*part) return walked;
        walked.parts.push_back(**part);
    }
}

TEST(Aggregate, gives_parts_the_message_s_time_and_their_distances) {
    const Walked walked = walk(kParts, 5'000);
    ASSERT_EQ(walked.parts.size(), 2U) << walked.error;
    EXPECT_EQ(walked.parts[0].type, flv::TagType::video);
    EXPECT_EQ(walked.parts[0].timestamp_ms, 5'000U);
    EXPECT_EQ(wire(walked.parts[0].body), (Wire{0x27, 0x02}));
    EXPECT_EQ(walked.parts[1].type, flv::TagType::audio);
    EXPECT_EQ(walked.parts[1].timestamp_ms, 5'032U);
}

TEST(Aggregate, may_end_without_its_last_back_pointer) {
    const Walked walked = walk(Bytes(kParts).first(kParts.size() - 4), 0);
    EXPECT_EQ(walked.parts.size(), 2U);
    EXPECT_EQ(walked.error, "");
}

TEST(Aggregate, gives_what_was_whole_before_a_truncation) {
    for (std::size_t size = 0; size < kParts.size() - 4; ++size) {
        const Walked walked = walk(Bytes(kParts).first(size), 0);
        EXPECT_EQ(walked.parts.size(), size < 13 ? 0U : 1U) << size;
        const bool is_clean = size == 0 || (size >= 13 && size <= 17);
        EXPECT_EQ(walked.error.empty(), is_clean) << size;
    }
    EXPECT_EQ(walk(Bytes(kParts).first(12), 0).error,
              "rtmp: aggregate: a part of 2 bytes, 1 are left");
    EXPECT_EQ(walk(Bytes(kParts).first(10), 0).error,
              "rtmp: aggregate: a part's header is cut short at 10 bytes");
}

TEST(Aggregate, passes_over_other_parts) {
    Wire parts = kParts;
    parts[0] = 0x14;
    const Walked walked = walk(parts, 0);
    ASSERT_EQ(walked.parts.size(), 1U);
    EXPECT_EQ(walked.parts[0].timestamp_ms, 32U);
}

}  // namespace
}  // namespace st::rtmp
