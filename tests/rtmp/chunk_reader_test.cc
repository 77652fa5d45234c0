#include "rtmp/chunk_reader.h"

#include "bytes.h"

namespace st::rtmp {
namespace {

/// One audio message of 4 bytes and the forms that may follow it, all on chunk stream 4.
const Wire kForm0 = {
    0x04,                    // form 0, csid 4
    0x00, 0x00, 0x28,        // timestamp 40
    0x00, 0x00, 0x04,        // length
    0x08,                    // audio
    0x01, 0x00, 0x00, 0x00,  // message stream 1, little-endian
    0xAF, 0x01, 0x21, 0x10,  // AAC, raw
};
const Wire kForm1 = {
    0x44,              // form 1
    0x00, 0x00, 0x17,  // delta 23
    0x00, 0x00, 0x03,  // length
    0x08,              // audio
    0xAF, 0x01, 0x22,
};
const Wire kForm2 = {
    0x84,              // form 2
    0x00, 0x00, 0x18,  // delta 24
    0xAF, 0x01, 0x23,
};
const Wire kForm3 = {
    0xC4,  // form 3
    0xAF,
    0x01,
    0x24,
};

Wire set_chunk_size(std::uint32_t size) {
    return Wire{0x02, 0, 0, 0, 0, 0, 4, 0x01, 0, 0, 0, 0} + be32(size);
}

Wire video_header(std::uint32_t length, std::uint8_t csid = 6) {
    return {csid,
            0,
            0,
            0,
            static_cast<std::uint8_t>(length >> 16),
            static_cast<std::uint8_t>(length >> 8),
            static_cast<std::uint8_t>(length),
            0x09,
            0x01,
            0,
            0,
            0};
}

TEST(ChunkReader, reads_every_form_however_it_is_split) {
    const Wire all = kForm0 + kForm1 + kForm2 + kForm3;
    for (std::size_t step = 1; step <= all.size(); ++step) {
        SCOPED_TRACE(step);
        ChunkReader reader;
        const Decoded decoded = decode(reader, all, step);
        ASSERT_EQ(decoded.error, "");
        ASSERT_EQ(decoded.messages.size(), 4U);
        const std::uint32_t times[] = {40, 63, 87, 111};
        for (std::size_t i = 0; i < 4; ++i) {
            EXPECT_EQ(decoded.messages[i].timestamp_ms, times[i]);
            EXPECT_EQ(decoded.messages[i].type, MessageType::audio);
            EXPECT_EQ(decoded.messages[i].stream_id, 1U);
        }
        EXPECT_EQ(wire(decoded.messages[0].body), (Wire{0xAF, 0x01, 0x21, 0x10}));
        EXPECT_EQ(decoded.messages[0].body.head_bytes, 2U) << "ready to become a packet";
        EXPECT_EQ(wire(decoded.messages[3].body), (Wire{0xAF, 0x01, 0x24}));
        EXPECT_EQ(reader.bytes_read(), all.size());
    }
}

TEST(ChunkReader, gives_nothing_at_every_truncation) {
    for (std::size_t size = 0; size < kForm0.size(); ++size) {
        const Decoded cut = decode(Wire(kForm0.begin(), kForm0.begin() + static_cast<long>(size)));
        EXPECT_EQ(cut.error, "");
        EXPECT_TRUE(cut.messages.empty()) << size;
    }
}

TEST(ChunkReader, takes_a_form_3_after_form_0_as_one_more_of_its_timestamp) {
    // As the spec says; GStreamer and ffmpeg send it when the second time is twice the first.
    const Decoded decoded = decode(kForm0 + Wire{0xC4, 0xAF, 0x01, 0x24, 0x00});
    ASSERT_EQ(decoded.messages.size(), 2U) << decoded.error;
    EXPECT_EQ(decoded.messages[1].timestamp_ms, 80U);
}

TEST(ChunkReader, takes_a_chunk_stream_that_begins_with_form_1) {
    const Decoded decoded = decode(kForm1);
    ASSERT_EQ(decoded.messages.size(), 1U) << decoded.error;
    EXPECT_EQ(decoded.messages[0].timestamp_ms, 23U);
    EXPECT_EQ(decoded.messages[0].stream_id, 0U);
}

TEST(ChunkReader, goes_on_with_a_message_by_headers_of_any_form_that_say_the_same) {
    const Wire picture = counting(300, 0x17);
    const auto part = [&](std::size_t at, std::size_t size) {
        return Wire(picture.begin() + static_cast<long>(at),
                    picture.begin() + static_cast<long>(at + size));
    };
    const Wire same = {0x46, 0, 0, 40, 0, 0x01, 0x2C, 9};   // 300 bytes of video
    const Wire other = {0x46, 0, 0, 40, 0, 0x01, 0x2D, 9};  // 301
    const Wire time = {0x86, 0, 0, 40};
    for (const Wire& again : {video_header(300), time, Wire{0x86, 0, 0, 0}, Wire{0xC6}}) {
        const Decoded one = decode(video_header(300) + part(0, 128) + again + part(128, 128) +
                                   again + part(256, 44) + kForm0);
        ASSERT_EQ(one.messages.size(), 2U) << one.error;
        EXPECT_EQ(wire(one.messages[0].body), picture);
        EXPECT_EQ(one.messages[0].timestamp_ms, 0U);
    }
    const Decoded decoded =
        decode(video_header(300) + part(0, 128) + same + part(128, 128) + same + part(256, 44));
    ASSERT_EQ(decoded.messages.size(), 1U) << decoded.error;
    EXPECT_EQ(wire(decoded.messages[0].body), picture);
    EXPECT_EQ(
        decode(video_header(300) + part(0, 128) + other).error,
        "rtmp: chunk stream 6: a header of form 1 within a message, 172 bytes before its end");
}

TEST(ChunkReader, takes_a_chunk_stream_that_begins_with_form_2_or_3_as_an_empty_message) {
    const Wire form_2 = {0x87, 0x00, 0x00, 0x18};
    const Wire extended = {0x87, 0xFF, 0xFF, 0xFF, 0x01, 0x00, 0x00, 0x18};
    const Wire form_3 = {0xC7};
    for (const Wire& odd : {form_2, extended, form_3, form_3 + form_3, form_2 + form_3}) {
        // Before the first message, between two, and the chunk stream is a usable one afterwards.
        const Wire later = {0x47, 0, 0, 5, 0, 0, 2, 8, 0xAF, 0x01};
        const Wire all = odd + kForm0 + odd + later + kForm1;
        for (std::size_t step = 1; step <= all.size(); ++step) {
            ChunkReader reader;
            // The second time the chunk stream is known, and its form 2 or 3 empty again.
            const Decoded decoded = decode(reader, all, step);
            ASSERT_EQ(decoded.messages.size(), 3U) << decoded.error << step;
            EXPECT_EQ(wire(decoded.messages[0].body), (Wire{0xAF, 0x01, 0x21, 0x10}));
            EXPECT_EQ(wire(decoded.messages[1].body), (Wire{0xAF, 0x01}));
            EXPECT_EQ(decoded.messages[2].timestamp_ms, 63U);
        }
    }
}

TEST(ChunkReader, refuses_what_follows_a_beginning_with_form_2_or_3_and_is_no_header) {
    const std::string odd = "begins with a header of form 3, which refers to an earlier one: ";
    const auto error_of = [](const Wire& payload) {
        return decode(kForm0 + Wire{0xC7} + payload).error;
    };
    // A picture, a piece of sound, a command, zeros: what some client may have meant to send.
    EXPECT_EQ(error_of({0x17, 0x01, 0, 0, 0, 0, 0, 0x01, 0x2C, 0x65, 0x88, 0x84, 0x21, 0xA0}),
              "rtmp: chunk stream 7 " + odd + "followed by message stream 2223531308");
    EXPECT_EQ(error_of(Wire{0xAF, 0x01, 0x21, 0x10, 0x04, 0x60}),
              "rtmp: chunk stream 47 begins with a header of form 2, which refers to an earlier "
              "one: and so did the one before it");
    EXPECT_EQ(error_of(wire(as_bytes(std::string_view("\x02\0\x04play\0\0\0\0\0\0", 13)))),
              "rtmp: chunk stream 7 " + odd +
                  "message of type 0 of 7102841 bytes over the limit of "
                  "262144");
    EXPECT_EQ(error_of(Wire(16)),
              "rtmp: chunk stream 7 " + odd + "followed by a message of type 0");
    // A whole message makes up for it.
    EXPECT_EQ(
        decode(kForm0 + Wire{0xC7} + kForm1 + Wire{0xC9, 0x46, 0, 0, 1, 0xFF, 0xFF, 0xFF, 9}).error,
        "rtmp: chunk stream 9 " + odd +
            "message of type 9 of 16777215 bytes over the limit of 8388608");
}

TEST(ChunkReader, reads_each_form_of_a_chunk_stream_id) {
    const Wire rest(kForm0.begin() + 1, kForm0.end());
    // 64, 319 and 320, 65599; then form 3 by the longer spelling of 64.
    const Decoded decoded =
        decode(Wire{0x00, 0x00} + rest + Wire{0x00, 0xFF} + rest + Wire{0x01, 0x00, 0x01} + rest +
               Wire{0x01, 0xFF, 0xFF} + rest + Wire{0xC1, 0x00, 0x00, 1, 2, 3, 4});
    EXPECT_EQ(decoded.error, "");
    ASSERT_EQ(decoded.messages.size(), 5U);
    EXPECT_EQ(decoded.messages[4].timestamp_ms, 80U);
}

TEST(ChunkReader, puts_interleaved_messages_together) {
    const Wire picture = counting(300, 0x17);
    const auto part = [&](std::size_t at, std::size_t size) {
        return Wire(picture.begin() + static_cast<long>(at),
                    picture.begin() + static_cast<long>(at + size));
    };
    const Wire all = video_header(300) + part(0, 128) + kForm0 + Wire{0xC6} + part(128, 128) +
                     kForm1 + Wire{0xC6} + part(256, 44);
    for (const std::size_t step : {1U, 13U, 1000U}) {
        ChunkReader reader;
        const Decoded decoded = decode(reader, all, step);
        ASSERT_EQ(decoded.error, "");
        ASSERT_EQ(decoded.messages.size(), 3U);
        EXPECT_EQ(wire(decoded.messages[2].body), picture);
        EXPECT_EQ(reader.held_bytes(), 0U);
    }
}

TEST(ChunkReader, lets_a_new_chunk_size_count_from_the_next_chunk) {
    const Wire picture = counting(300, 0x17);
    const Wire first(picture.begin(), picture.begin() + 128);
    const Wire rest(picture.begin() + 128, picture.end());
    ChunkReader reader;
    const Wire all = video_header(300) + first + set_chunk_size(4096) + Wire{0xC6} + rest;
    const Decoded decoded = decode(reader, all, all.size());
    ASSERT_EQ(decoded.messages.size(), 1U) << decoded.error;
    EXPECT_EQ(wire(decoded.messages[0].body), picture);
    EXPECT_EQ(reader.chunk_bytes(), 4096U);
}

TEST(ChunkReader, bounds_the_chunk_size) {
    ChunkReader reader;
    EXPECT_EQ(decode(reader, set_chunk_size(1), 100).error, "");
    EXPECT_EQ(reader.chunk_bytes(), 1U);
    ChunkReader other;
    EXPECT_EQ(decode(other, set_chunk_size(0x7FFF'FFFF), 100).error, "");
    EXPECT_EQ(other.chunk_bytes(), 0xFF'FFFFU);
    EXPECT_EQ(decode(set_chunk_size(0)).error, "rtmp: chunk size 0, expected 1 to 2147483647");
    EXPECT_EQ(decode(set_chunk_size(0x8000'0000)).error,
              "rtmp: chunk size 2147483648, expected 1 to 2147483647");
    EXPECT_EQ(decode({0x02, 0, 0, 0, 0, 0, 3, 0x01, 0, 0, 0, 0, 0, 0, 1}).error,
              "rtmp: Set Chunk Size is cut short");
}

TEST(ChunkReader, takes_control_messages_on_any_chunk_stream) {
    Wire elsewhere = set_chunk_size(500);
    elsewhere[0] = 0x03;
    ChunkReader reader;
    EXPECT_EQ(decode(reader, elsewhere, 100).error, "");
    EXPECT_EQ(reader.chunk_bytes(), 500U);
}

TEST(ChunkReader, forgets_a_message_that_is_aborted) {
    const Wire abort = Wire{0x02, 0, 0, 0, 0, 0, 4, 0x02, 0, 0, 0, 0} + be32(6);
    ChunkReader reader;
    const Wire begun = video_header(300) + counting(128, 0x17);
    EXPECT_TRUE(decode(reader, begun, 1000).messages.empty());
    EXPECT_GT(reader.held_bytes(), 0U);
    EXPECT_TRUE(decode(reader, abort, 1000).messages.empty());
    EXPECT_EQ(reader.held_bytes(), 0U);
    const Decoded after = decode(reader, video_header(2) + Wire{0x17, 0x02} + abort, 1000);
    EXPECT_EQ(after.error, "");
    ASSERT_EQ(after.messages.size(), 1U);
    EXPECT_EQ(wire(after.messages[0].body), (Wire{0x17, 0x02}));
    EXPECT_EQ(decode({0x02, 0, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 6}).error,
              "rtmp: Abort Message is cut short");
}

TEST(ChunkReader, refuses_a_header_within_a_message) {
    Wire other_stream = video_header(300);
    other_stream[8] = 2;
    Wire other_type = video_header(300);
    other_type[7] = 8;
    for (const Wire& other : {video_header(299), other_stream, other_type}) {
        EXPECT_EQ(
            decode(video_header(300) + counting(128, 0x17) + other).error,
            "rtmp: chunk stream 6: a header of form 0 within a message, 172 bytes before its end");
    }
    EXPECT_EQ(
        decode(video_header(300) + counting(128, 0x17) + Wire{0x86, 0xFF, 0xFF, 0xFF}).error,
        "rtmp: chunk stream 6: a header of form 2 within a message, 172 bytes before its end");
}

TEST(ChunkReader, gives_messages_without_a_body) {
    const Decoded decoded = decode(video_header(0) + Wire{0xC6} + kForm0);
    EXPECT_EQ(decoded.error, "");
    ASSERT_EQ(decoded.messages.size(), 3U);
    EXPECT_EQ(decoded.messages[0].body.size(), 0U);
}

/// A message of 200 bytes in two chunks whose times need the extended field.
Wire extended_message(std::uint8_t fmt_csid, std::uint32_t field, const Wire& second_field) {
    Wire header = video_header(200);
    header[0] = fmt_csid;
    header[1] = header[2] = header[3] = 0xFF;
    if (fmt_csid >> 6 == 1) header.resize(8);
    const Wire body = counting(200, 0x17);
    return header + be32(field) + Wire(body.begin(), body.begin() + 128) + Wire{0xC6} +
           second_field + Wire(body.begin() + 128, body.end());
}

TEST(ChunkReader, reads_extended_timestamps_repeated_or_left_out) {
    constexpr std::uint32_t kTime = 16'777'216;
    for (const bool repeats : {true, false}) {
        const Wire all = extended_message(0x06, kTime, repeats ? be32(kTime) : Wire{}) + kForm0;
        for (std::size_t step = 1; step <= all.size(); ++step) {
            SCOPED_TRACE(std::to_string(repeats) + " " + std::to_string(step));
            ChunkReader reader;
            const Decoded decoded = decode(reader, all, step);
            ASSERT_EQ(decoded.error, "");
            ASSERT_EQ(decoded.messages.size(), 2U);
            EXPECT_EQ(decoded.messages[0].timestamp_ms, kTime);
            EXPECT_EQ(wire(decoded.messages[0].body), counting(200, 0x17));
            EXPECT_EQ(reader.bytes_read(), all.size());
        }
    }
}

TEST(ChunkReader, reads_the_field_left_out_before_a_last_chunk_of_one_byte) {
    Wire header = video_header(129);
    header[1] = header[2] = header[3] = 0xFF;
    // The one byte is what the field would begin with, so three bytes of what follows are looked
    // at.
    const Wire all = header + be32(0x0112'3456) + counting(128, 0x17) + Wire{0xC6, 0x01} + kForm0;
    for (std::size_t step = 1; step <= all.size(); ++step) {
        SCOPED_TRACE(step);
        ChunkReader reader;
        const Decoded decoded = decode(reader, all, step);
        ASSERT_EQ(decoded.error, "");
        ASSERT_EQ(decoded.messages.size(), 2U);
        EXPECT_EQ(decoded.messages[0].body.payload.data()[128 - 5], 0x01);
        EXPECT_EQ(decoded.messages[1].timestamp_ms, 40U);
        EXPECT_EQ(reader.bytes_read(), all.size());
    }
}

TEST(ChunkReader, takes_an_extended_delta_as_a_delta_and_either_repetition) {
    const Wire first = video_header(0);  // timestamp 0
    Wire at_11000 = first;
    at_11000[2] = 0x2A;
    at_11000[3] = 0xF8;
    constexpr std::uint32_t kDelta = 16'776'216 + 1'000;
    for (const Wire& second : {be32(kDelta), be32(11'000 + kDelta), Wire{}}) {
        const Decoded decoded = decode(at_11000 + extended_message(0x46, kDelta, second));
        ASSERT_EQ(decoded.messages.size(), 2U) << decoded.error;
        EXPECT_EQ(decoded.messages[1].timestamp_ms, 11'000 + kDelta);
        EXPECT_EQ(wire(decoded.messages[1].body), counting(200, 0x17));
    }
}

TEST(ChunkReader, reads_the_extended_field_of_a_form_3_that_begins_a_message) {
    // ffmpeg sends form 3 with another delta when both need the field.
    Wire first = video_header(2);
    first[1] = first[2] = first[3] = 0xFF;
    const Decoded decoded = decode(first + be32(0x0100'0000) + Wire{0x27, 0x02} + Wire{0xC6} +
                                   be32(0x0100'0005) + Wire{0x27, 0x03});
    ASSERT_EQ(decoded.messages.size(), 2U) << decoded.error;
    EXPECT_EQ(decoded.messages[1].timestamp_ms, 0x0200'0005U);
    EXPECT_EQ(wire(decoded.messages[1].body), (Wire{0x27, 0x03}));
}

TEST(ChunkReader, takes_the_field_where_it_says_no_more_than_24_bits) {
    Wire header = video_header(2);
    header[1] = header[2] = header[3] = 0xFF;
    const Decoded decoded = decode(header + be32(5) + Wire{0x27, 0x02});
    ASSERT_EQ(decoded.messages.size(), 1U);
    EXPECT_EQ(decoded.messages[0].timestamp_ms, 5U);
}

TEST(ChunkReader, wraps_times_at_2_32) {
    Wire header = video_header(2);
    header[1] = header[2] = header[3] = 0xFF;
    const Wire delta = {0x86, 0x00, 0x00, 0x28};
    const Decoded decoded =
        decode(header + be32(0xFFFF'FFF0) + Wire{0x27, 0x02} + delta + Wire{0x27, 0x03});
    ASSERT_EQ(decoded.messages.size(), 2U) << decoded.error;
    EXPECT_EQ(decoded.messages[0].timestamp_ms, 0xFFFF'FFF0U);
    EXPECT_EQ(decoded.messages[1].timestamp_ms, 0x18U);
}

TEST(ChunkReader, refuses_messages_over_their_limit_from_the_header_alone) {
    const ChunkLimits limits{.media_bytes_max = 300, .other_bytes_max = 10};
    EXPECT_EQ(decode(video_header(300), limits).error, "");
    EXPECT_EQ(decode(video_header(301), limits).error,
              "rtmp: message of type 9 of 301 bytes over the limit of 300");
    Wire command = video_header(11);
    command[7] = 20;
    EXPECT_EQ(decode(command, limits).error,
              "rtmp: message of type 20 of 11 bytes over the limit of 10");
    Wire aggregate = video_header(300);
    aggregate[7] = 22;
    EXPECT_EQ(decode(aggregate, limits).error, "");
}

TEST(ChunkReader, bounds_the_number_of_chunk_streams) {
    const ChunkLimits limits{.chunk_streams_max = 3};
    Wire all;
    for (std::uint8_t csid = 10; csid < 13; ++csid) all = all + video_header(0, csid);
    EXPECT_EQ(decode(all, limits).messages.size(), 3U);
    EXPECT_EQ(decode(all + video_header(0, 13), limits).error, "rtmp: more than 3 chunk streams");
}

TEST(ChunkReader, bounds_the_memory_of_unfinished_messages) {
    const ChunkLimits limits{.held_bytes_max = 250'000};
    Wire all = set_chunk_size(70'000);
    std::string error;
    for (std::uint8_t csid = 10; csid < 20 && error.empty(); ++csid) {
        all = all + video_header(100'000, csid) + counting(70'000, 0x17);
        error = decode(all, limits).error;
    }
    EXPECT_EQ(error, "rtmp: unfinished messages take 279980 bytes, over the limit of 250000");
}

TEST(ChunkReader, takes_memory_for_what_came_not_for_what_was_announced) {
    ChunkReader reader;
    EXPECT_EQ(decode(reader, video_header(8'000'000) + Wire{0x17, 1, 0, 0, 0, 9}, 100).error, "");
    EXPECT_EQ(reader.held_bytes(), flv::BodyAssembler::kFirstBytes);
}

TEST(ChunkReader, fails_for_good) {
    ChunkReader reader;
    EXPECT_NE(decode(reader, kForm2, 100).error, "");
    EXPECT_NE(decode(reader, kForm0, 100).error, "");
}

}  // namespace
}  // namespace st::rtmp
