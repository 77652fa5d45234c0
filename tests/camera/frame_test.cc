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

}  // namespace
}  // namespace st::camera
