#include "bytes.h"
#include "flv/tag.h"
#include "support/pieces.h"

namespace st::flv {
namespace {

const Wire kHeader = {
    'F',  'L',  'V',         // signature
    0x01,                    // version
    0x05,                    // flags: audio and video
    0x00, 0x00, 0x00, 0x09,  // DataOffset
    0x00, 0x00, 0x00, 0x00,  // PreviousTagSize0
};
const Wire kVideoTag = {
    0x09,                          // video
    0x00, 0x00, 0x09,              // body_bytes
    0x00, 0x00, 0x28, 0x01,        // timestamp: low 24 bits 40, high byte 1
    0x00, 0x00, 0x01,              // stream id 1, as a browser's publisher writes it
    0x17, 0x01, 0x00, 0x00, 0x50,  // key frame, AVC, NALU, composition time 80
    0x00, 0x00, 0x00, 0x00,        // data
    0x00, 0x00, 0x00, 0x14,        // PreviousTagSize 20
};
const Wire kAudioTag = {
    0x08,                    // audio
    0x00, 0x00, 0x04,        // body_bytes
    0x00, 0x00, 0x29, 0x00,  // timestamp 41
    0x00, 0x00, 0x00,        // stream id
    0xAF, 0x01, 0x21, 0x10,  // AAC, raw
    0x00, 0x00, 0x00, 0x0F,  // PreviousTagSize 15
};
const Wire kStream = kHeader + kVideoTag + kAudioTag;

struct Read {
    std::vector<Tag> tags;
    std::string error;
};

Read read(TagReader& reader, Bytes bytes, std::size_t step) {
    Read read;
    const auto error = test::feed_in_steps(reader, bytes, step,
                                           [&](Tag&& tag) { read.tags.push_back(std::move(tag)); });
    if (error) read.error = error->message;
    return read;
}

Read read(const Wire& bytes, TagLimits limits = {}) {
    TagReader reader(limits);
    return read(reader, bytes, bytes.size());
}

TEST(TagReader, reads_tags_however_they_are_split) {
    for (std::size_t step = 1; step <= kStream.size(); ++step) {
        SCOPED_TRACE(step);
        TagReader reader;
        const Read all = read(reader, kStream, step);
        ASSERT_EQ(all.error, "");
        ASSERT_EQ(all.tags.size(), 2U);
        EXPECT_EQ(all.tags[0].type, TagType::video);
        EXPECT_EQ(all.tags[0].timestamp_ms, 0x0100'0028U);
        EXPECT_EQ(all.tags[0].body.head_bytes, 5U);
        EXPECT_EQ(wire(all.tags[0].body), (Wire{0x17, 1, 0, 0, 0x50, 0, 0, 0, 0}));
        EXPECT_EQ(all.tags[1].type, TagType::audio);
        EXPECT_EQ(all.tags[1].timestamp_ms, 41U);
        EXPECT_EQ(all.tags[1].body.head_bytes, 2U);
        EXPECT_EQ(wire(all.tags[1].body.payload.bytes()), (Wire{0x21, 0x10}));
        EXPECT_EQ(reader.tags(), 2U);
        EXPECT_EQ(reader.wrong_previous_sizes(), 0U);
        EXPECT_TRUE(reader.is_between_tags());
    }
}

TEST(TagReader, gives_a_tag_with_its_last_byte_not_with_the_size_behind_it) {
    TagReader reader;
    const Wire bytes = kHeader + kVideoTag;
    const std::size_t end = bytes.size() - kPreviousTagSizeBytes;
    EXPECT_EQ(read(reader, Bytes(bytes).first(end - 1), bytes.size()).tags.size(), 0U);
    EXPECT_FALSE(reader.is_between_tags());
    EXPECT_EQ(read(reader, Bytes(bytes).subspan(end - 1, 1), 1).tags.size(), 1U);
    EXPECT_TRUE(reader.is_between_tags()) << "ffmpeg may send no size after the last tag";
}

TEST(TagReader, gives_nothing_at_every_truncation_of_the_first_tag) {
    const std::size_t end = kHeader.size() + kVideoTag.size() - kPreviousTagSizeBytes;
    for (std::size_t size = 0; size < end; ++size) {
        SCOPED_TRACE(size);
        TagReader reader;
        const Read cut = read(reader, Bytes(kStream).first(size), kStream.size());
        EXPECT_TRUE(cut.tags.empty());
        EXPECT_EQ(cut.error, "");
    }
}

TEST(TagReader, counts_wrong_previous_sizes_and_goes_on) {
    Wire bytes = kStream;
    bytes[12] = 7;                                     // PreviousTagSize0
    bytes[kHeader.size() + kVideoTag.size() - 1] = 9;  // a size without the 11 of the header
    TagReader reader;
    EXPECT_EQ(read(reader, bytes, bytes.size()).tags.size(), 2U);
    EXPECT_EQ(reader.wrong_previous_sizes(), 2U);
}

TEST(TagReader, believes_neither_flags_nor_version) {
    Wire bytes = kStream;
    bytes[3] = 0x7F;
    bytes[4] = 0xFF;
    EXPECT_EQ(read(bytes).tags.size(), 2U);
    bytes[4] = 0x00;
    EXPECT_EQ(read(bytes).tags.size(), 2U);
}

TEST(TagReader, passes_over_what_stands_before_data_offset) {
    Wire bytes = kHeader;
    bytes[8] = 0x0C;
    bytes.insert(bytes.begin() + 9, {'x', 'y', 'z'});
    for (const std::size_t step : {1, 5, 100}) {
        TagReader reader;
        EXPECT_EQ(read(reader, bytes + kVideoTag, step).tags.size(), 1U);
    }
}

TEST(TagReader, refuses_a_data_offset_outside_its_bounds) {
    Wire bytes = kStream;
    bytes[8] = 0x08;
    EXPECT_EQ(read(bytes).error,
              "flv: byte 0: DataOffset 8 in the FLV header, expected 9 to 65536");
    bytes[8] = 0x01;
    bytes[6] = 0x01;
    EXPECT_EQ(read(bytes).error,
              "flv: byte 0: DataOffset 65537 in the FLV header, expected 9 to 65536");
    bytes[5] = 0xFF;
    EXPECT_NE(read(bytes).error, "");
}

TEST(TagReader, refuses_what_is_no_flv_at_the_byte_that_shows_it) {
    EXPECT_EQ(read(wire("GET")).error,
              "flv: byte 0: expected an FLV header, \"FLV\", but byte 0 of it is 47");
    EXPECT_EQ(read(wire("FLA")).error,
              "flv: byte 0: expected an FLV header, \"FLV\", but byte 2 of it is 41");
    EXPECT_EQ(read(wire("FL")).error, "");
}

TEST(TagReader, begins_anew_at_an_flv_header_between_two_tags) {
    for (std::size_t step = 1; step <= 2 * kStream.size(); ++step) {
        SCOPED_TRACE(step);
        TagReader reader;
        const Read all = read(reader, kStream + kStream, step);
        EXPECT_EQ(all.error, "");
        EXPECT_EQ(all.tags.size(), 4U);
        EXPECT_EQ(reader.headers(), 2U);
        EXPECT_EQ(reader.wrong_previous_sizes(), 0U);
    }
}

TEST(TagReader, passes_over_unknown_and_encrypted_tags) {
    Wire unknown = kAudioTag;
    unknown[0] = 0x0F;  // AMF3 data, which RTMP knows and FLV does not
    Wire encrypted = kAudioTag;
    encrypted[0] = 0x28;
    for (const std::size_t step : {1, 3, 1000}) {
        TagReader reader;
        const Read all = read(reader, kHeader + unknown + encrypted + kVideoTag, step);
        EXPECT_EQ(all.error, "");
        EXPECT_EQ(all.tags.size(), 1U);
        EXPECT_EQ(reader.skipped_tags(), 2U);
        EXPECT_EQ(reader.wrong_previous_sizes(), 0U);
    }
}

TEST(TagReader, refuses_a_first_byte_that_no_tag_has) {
    EXPECT_EQ(read(kHeader + Wire{0x89}).error,
              "flv: byte 13: expected a tag, but its first byte is 89");
    EXPECT_EQ(read(kStream + Wire{0x46, 0x00}).error,
              "flv: byte 56: expected an FLV header, \"FLV\", but byte 1 of it is 00");
}

TEST(TagReader, refuses_a_tag_over_the_limit_from_its_header_alone) {
    const TagLimits limits{.body_bytes_max = 9};
    EXPECT_EQ(read(kStream, limits).tags.size(), 2U);
    Wire bytes = kHeader + kVideoTag;
    bytes[kHeader.size() + 3] = 10;
    bytes.resize(kHeader.size() + kTagHeaderBytes);
    EXPECT_EQ(read(bytes, limits).error, "flv: byte 13: tag of 10 bytes over the limit of 9");
}

TEST(TagReader, fails_for_good) {
    TagReader reader;
    EXPECT_NE(read(reader, wire("junk"), 4).error, "");
    EXPECT_EQ(read(reader, kStream, 4).error,
              "flv: byte 0: expected an FLV header, \"FLV\", but byte 0 of it is 6A");
}

TEST(TagReader, takes_memory_for_what_came_not_for_what_was_announced) {
    TagReader reader;
    const Wire announcement = {0x09, 0x7F, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0};  // 8 MiB - 1
    EXPECT_EQ(read(reader, kHeader + announcement, 100).error, "");
    EXPECT_EQ(reader.held_bytes(), 0U);
    read(reader, Wire(6, 0x27), 6);
    EXPECT_EQ(reader.held_bytes(), BodyAssembler::kFirstBytes);
    read(reader, Wire(BodyAssembler::kFirstBytes, 0), 10'000);
    EXPECT_LE(reader.held_bytes(), 2 * BodyAssembler::kFirstBytes);
}

TEST(TagReader, takes_no_more_memory_than_a_tag_needs) {
    const Read all = read(kStream);
    EXPECT_EQ(all.tags[0].body.payload.capacity(), 4U);
    Wire big = kVideoTag;
    big[1] = 0x02;  // 128 KiB and 9 bytes
    big.insert(big.begin() + 20, 0x20000, 0);
    TagReader reader;
    const Read one = read(reader, kHeader + big, 1000);
    ASSERT_EQ(one.tags.size(), 1U);
    EXPECT_EQ(one.tags[0].body.payload.capacity(), 0x20000U + 4);
}

TEST(TagReader, gives_tags_without_a_body) {
    const Wire empty = {0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11};
    const Read all = read(kHeader + empty + kVideoTag);
    ASSERT_EQ(all.tags.size(), 2U);
    EXPECT_EQ(all.tags[0].body.size(), 0U);
}

}  // namespace
}  // namespace st::flv
