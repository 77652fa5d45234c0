#include "camera/frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

namespace st::camera {
namespace {

const std::vector<std::uint8_t> kIdr = {
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x28,  // timestamp_ms: 2^32 + 40
    0x00, 0x00, 0x00, 0x07,                          // seq
    0x00, 0x00, 0x00, 0x05,                          // payload_bytes
    0x00, 0x00, 0x01, 0x65, 0x88,                    // Annex B IDR slice
};

std::string hex(Bytes bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) {
        if (!text.empty()) text += ' ';
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

struct Read {
    std::vector<std::vector<std::uint8_t>> payloads;
    std::vector<std::uint64_t> offsets;
    std::string error;
};

/// Feeds `bytes` in pieces of `step` and takes what comes.
Read read_all(Bytes bytes, std::size_t step, std::size_t payload_bytes_max = kPayloadBytesMax) {
    FrameReader reader(payload_bytes_max);
    Read result;
    std::size_t at = 0;
    for (;;) {
        const auto frame = reader.next();
        if (!frame) {
            result.error = frame.error().message;
            return result;
        }
        if (*frame) {
            result.payloads.emplace_back((*frame)->payload.begin(), (*frame)->payload.end());
            result.offsets.push_back((*frame)->offset);
            continue;
        }
        if (at == bytes.size()) {
            reader.finish();
            const auto end = reader.next();
            if (!end) result.error = end.error().message;
            return result;
        }
        const auto space = reader.space();
        const std::size_t n = std::min({step, space.size(), bytes.size() - at});
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), n, space.begin());
        reader.commit(n);
        at += n;
    }
}

std::vector<std::uint8_t> dump_of(const std::vector<std::size_t>& payload_sizes) {
    std::vector<std::uint8_t> dump;
    std::uint32_t seq = 0;
    for (const std::size_t size : payload_sizes) {
        const std::vector<std::uint8_t> payload(size, static_cast<std::uint8_t>(seq));
        const auto header = encode_header({1000 + seq, seq, payload});
        dump.insert(dump.end(), header.begin(), header.end());
        dump.insert(dump.end(), payload.begin(), payload.end());
        ++seq;
    }
    return dump;
}

TEST(DecodeFrame, reads_the_fields_where_they_stand) {
    const auto frame = decode_frame(kIdr);
    ASSERT_TRUE(frame) << frame.error().message;
    EXPECT_EQ(frame->timestamp_ms, 0x1'0000'0028U);
    EXPECT_EQ(frame->seq, 7U);
    EXPECT_EQ(frame->payload.data(), kIdr.data() + 16);
    EXPECT_EQ(frame->payload.size(), 5U);
}

TEST(DecodeFrame, refuses_every_truncation_and_a_byte_too_many) {
    for (std::size_t n = 0; n < kIdr.size(); ++n)
        EXPECT_FALSE(decode_frame(Bytes(kIdr).first(n))) << n;
    auto longer = kIdr;
    longer.push_back(0);
    EXPECT_EQ(decode_frame(longer).error().message,
              "frame: payload_bytes 5, but 6 bytes follow the header");
    EXPECT_EQ(decode_frame(Bytes(kIdr).first(3)).error().message,
              "frame of 3 bytes: shorter than the header of 16");
}

TEST(DecodeFrame, takes_an_empty_payload) {
    const auto header = encode_header({~std::uint64_t{0}, ~std::uint32_t{0}, {}});
    const auto frame = decode_frame(header);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->timestamp_ms, ~std::uint64_t{0});
    EXPECT_EQ(frame->seq, ~std::uint32_t{0});
    EXPECT_TRUE(frame->payload.empty());
}

TEST(EncodeHeader, gives_the_bytes_that_decode_read) {
    const auto header = encode_header(*decode_frame(kIdr));
    EXPECT_TRUE(std::equal(header.begin(), header.end(), kIdr.begin()));
}

TEST(EncodeHeader, the_example_of_the_documentation_is_this_frame) {
    std::ifstream file(ST_SOURCE_DIR "/docs/camera.md");
    const std::string page((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    for (const auto& [from, count] :
         {std::pair<std::size_t, std::size_t>{0, 8}, {8, 4}, {12, 4}, {16, 5}}) {
        const std::string line = hex(Bytes(kIdr).subspan(from, count));
        EXPECT_NE(page.find(line), std::string::npos) << "docs/camera.md lacks \"" << line << "\"";
    }
}

TEST(FrameReader, reads_frames_however_they_are_split) {
    const auto dump = dump_of({5, 0, 300, 1, 17});
    for (std::size_t step = 1; step <= dump.size(); ++step) {
        SCOPED_TRACE(step);
        const Read read = read_all(dump, step);
        EXPECT_EQ(read.error, "");
        ASSERT_EQ(read.payloads.size(), 5U);
        EXPECT_EQ(read.payloads[2], std::vector<std::uint8_t>(300, 2));
        EXPECT_EQ(read.offsets, (std::vector<std::uint64_t>{0, 21, 37, 353, 370}));
    }
}

TEST(FrameReader, reads_frames_larger_than_its_window) {
    const auto dump = dump_of({100, 3'000'000, 2'000'000, 7});
    const Read read = read_all(dump, 1 << 20);
    EXPECT_EQ(read.error, "");
    ASSERT_EQ(read.payloads.size(), 4U);
    EXPECT_EQ(read.payloads[1], std::vector<std::uint8_t>(3'000'000, 1));
    EXPECT_EQ(read.payloads[3], std::vector<std::uint8_t>(7, 3));
}

TEST(FrameReader, names_the_offset_of_a_torn_tail_at_every_byte) {
    const auto dump = dump_of({5, 9});
    for (std::size_t cut = 22; cut < dump.size(); ++cut) {
        SCOPED_TRACE(cut);
        const Read read = read_all(Bytes(dump).first(cut), 7);
        EXPECT_EQ(read.payloads.size(), 1U);
        EXPECT_EQ(
            read.error.rfind("offset 21: torn frame, " + std::to_string(cut - 21) + " of ", 0), 0U)
            << read.error;
    }
    EXPECT_EQ(read_all(Bytes(dump).first(21), 7).error, "");
}

TEST(FrameReader, refuses_a_payload_over_the_limit_from_its_header_alone) {
    FrameReader reader(/*payload_bytes_max=*/4);
    const auto space = reader.space();
    std::copy_n(kIdr.begin(), 16, space.begin());
    reader.commit(16);
    const auto frame = reader.next();
    ASSERT_FALSE(frame);
    EXPECT_EQ(frame.error().message, "offset 0: payload_bytes 5 over the limit of 4");
    EXPECT_EQ(reader.pending_bytes(), 16U);
}

}  // namespace
}  // namespace st::camera
