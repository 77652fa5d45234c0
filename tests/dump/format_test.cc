#include "dump/format.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "base/crc32c.h"
#include "dump/reader.h"
#include "dump/samples.h"

namespace st::dump {
namespace {

const std::vector<std::uint8_t> kFileHeader = {
    0x89, 0x53, 0x54, 0x44, 0x0d, 0x0a, 0x1a, 0x0a,  // magic
    0x00, 0x01,                                      // version
    0x00, 0x40,                                      // header bytes
    0x00, 0x00, 0x00, 0x00,                          // zero
    0x6b, 0x1f, 0x0c, 0x52, 0xa4, 0xe9, 0x4d, 0x3d,  // UUID
    0x9c, 0x1a, 0x2b, 0x3c, 0x4d, 0x5e, 0x6f, 0x70,  //
    0x00, 0x06, 0x0a, 0x24, 0x18, 0x20, 0x22, 0x40,  // wall-clock start: 1,700,000,000,123,456 us
    0x00, 0x00, 0x00, 0x01, 0x2a, 0x05, 0xf2, 0x00,  // monotonic start: 5 s
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  // zero
    0x00, 0x00, 0x00, 0x00,                          //
    0xcf, 0x81, 0xa4, 0xa7,                          // CRC-32C
};

const std::vector<std::uint8_t> kRecord = {
    0xa7, 0x5d, 0x00, 0x00, 0x02, 0x93, 0xc6, 0x1e,  // marker
    0x01, 0x00, 0x00, 0x00,                          // type: frame
    0x00, 0x00, 0x00, 0x15,                          // body_bytes: 21
    0x6b, 0x1f, 0x0c, 0x52,                          // tag
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  // number
    0x00, 0x00, 0x00, 0x00, 0x02, 0x62, 0x5a, 0x00,  // arrival: 40 ms
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x28,  // timestamp_ms
    0x00, 0x00, 0x00, 0x07,                          // seq
    0x00, 0x00, 0x00, 0x05,                          // payload_bytes
    0x00, 0x00, 0x01, 0x65, 0x88,                    // payload
    0x17, 0x98, 0x83, 0x87,                          // CRC-32C
};

TEST(Format, writes_and_reads_the_example) {
    const auto header = decode_file_header(kFileHeader);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->wall_start_us, 1'700'000'000'123'456U);
    EXPECT_EQ(header->monotonic_start_ns, 5'000'000'000U);
    EXPECT_EQ(tag_of(header->uuid), 0x6b1f0c52U);
    const auto encoded = encode_file_header(*header);
    EXPECT_TRUE(std::equal(encoded.begin(), encoded.end(), kFileHeader.begin(), kFileHeader.end()));

    const auto record = decode_record_header(kRecord);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->type, RecordType::frame);
    EXPECT_EQ(record->body_bytes, 21U);
    EXPECT_EQ(record->arrival_ns, 40'000'000U);
    EXPECT_TRUE(is_record_crc_right(kRecord));
    const auto head = encode_record_header(*record);
    EXPECT_TRUE(std::equal(head.begin(), head.end(), kRecord.begin()));
    const auto crc = encode_record_crc(head, Bytes(kRecord).subspan(36, 21));
    EXPECT_TRUE(std::equal(crc.begin(), crc.end(), kRecord.end() - 4));
}

TEST(Format, the_example_of_the_documentation_is_this_one) {
    std::ifstream file(ST_SOURCE_DIR "/docs/dump.md");
    std::string line;
    std::vector<std::uint8_t> bytes;
    // The page's blocks of the section "Example": hexadecimal pairs, then at least two blanks and a
    // comment.
    bool in_example = false;
    bool in_block = false;
    while (std::getline(file, line)) {
        if (line.rfind("## ", 0) == 0) in_example = line == "## Example";
        if (line == "```") in_block = !in_block;
        if (!in_example || !in_block || line == "```") continue;
        std::istringstream pairs(line.substr(0, line.find("  ")));
        unsigned value = 0;
        while (pairs >> std::hex >> value) bytes.push_back(static_cast<std::uint8_t>(value));
    }
    std::vector<std::uint8_t> expected = kFileHeader;
    samples::put(expected, kRecord);
    EXPECT_EQ(bytes, expected);
    const auto found = samples::read_all(bytes);
    EXPECT_EQ(found.numbers, (std::vector<std::uint64_t>{0}));
    EXPECT_EQ(found.losses.count, 0U);
}

TEST(Format, refuses_a_file_header_with_any_bit_flipped_or_cut) {
    for (std::size_t bit = 0; bit < kFileHeader.size() * 8; ++bit) {
        auto damaged = kFileHeader;
        damaged[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        EXPECT_FALSE(decode_file_header(damaged)) << bit;
    }
    for (std::size_t n = 0; n < kFileHeader.size(); ++n) {
        EXPECT_FALSE(decode_file_header(Bytes(kFileHeader).first(n))) << n;
    }
}

TEST(Format, refuses_a_file_header_of_another_version_though_its_crc_is_right) {
    auto other = kFileHeader;
    other[9] = 2;
    store_be32(&other[60], crc32c(Bytes(other).first(60)));
    EXPECT_FALSE(decode_file_header(other));
}

TEST(Format, refuses_a_body_over_the_limit_from_its_head_alone) {
    auto record = encode_record_header({RecordType::frame, kBodyBytesMax, 1, 2, 3});
    EXPECT_TRUE(decode_record_header(record));
    record = encode_record_header({RecordType::frame, kBodyBytesMax + 1, 1, 2, 3});
    EXPECT_FALSE(decode_record_header(record));
}

TEST(Format, a_recorded_dump_is_known_by_its_magic_or_its_first_record) {
    EXPECT_TRUE(is_recorded_dump(kFileHeader));
    EXPECT_TRUE(is_recorded_dump(kRecord));
    auto damaged = kRecord;
    damaged.back() ^= 1;
    EXPECT_FALSE(is_recorded_dump(damaged));
    EXPECT_FALSE(is_recorded_dump(Bytes(kRecord).first(40)));
    EXPECT_FALSE(is_recorded_dump(Bytes{}));
}

}  // namespace
}  // namespace st::dump
