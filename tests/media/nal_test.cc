#include "media/nal.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace st::media {
namespace {

using Octets = std::vector<std::uint8_t>;

std::vector<Octets> units_of(const Octets& bytes) {
    std::vector<Octets> units;
    NalWalker walker(bytes);
    for (NalSpan nal{}; walker.next(nal);) {
        units.emplace_back(bytes.begin() + static_cast<std::ptrdiff_t>(nal.begin),
                           bytes.begin() + static_cast<std::ptrdiff_t>(nal.end));
    }
    return units;
}

TEST(StartCode, vectorised_scan_agrees_with_the_portable_one_at_every_place_and_length) {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        Octets bytes(random() % 300);
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() % 3);
        for (std::size_t from = 0; from <= bytes.size(); from += 1 + random() % 9) {
            const auto* const at = bytes.data() + from;
            const auto* const end = bytes.data() + bytes.size();
            EXPECT_EQ(find_start_code(at, end), find_start_code_portable(at, end));
        }
    }
}

TEST(StartCode, is_found_at_every_place_of_a_long_buffer) {
    for (std::size_t at = 0; at < 100; ++at) {
        Octets bytes(103, 0xFF);
        bytes[at] = 0;
        bytes[at + 1] = 0;
        bytes[at + 2] = 1;
        EXPECT_EQ(find_start_code(bytes.data(), bytes.data() + bytes.size()), bytes.data() + at);
        EXPECT_EQ(find_start_code(bytes.data(), bytes.data() + at + 2), bytes.data() + at + 2);
    }
}

TEST(NalWalker, tells_three_and_four_byte_codes_apart_and_drops_trailing_zeros) {
    const Octets bytes = {
        0, 0, 0, 1,    0x67, 0x42,        // four
        0, 0, 1, 0x68, 0xCE, 0,    0, 0,  // three; zeros behind it are not part of it
        0, 0, 1, 0x65, 0x88,              // the zero before belongs to the code: four
        0, 0, 1,                          // nothing follows
    };
    EXPECT_EQ(units_of(bytes), (std::vector<Octets>{{0x67, 0x42}, {0x68, 0xCE}, {0x65, 0x88}}));
    NalWalker walker(bytes);
    NalSpan nal{};
    ASSERT_TRUE(walker.next(nal));
    EXPECT_EQ(nal.start_bytes, 4U);
    ASSERT_TRUE(walker.next(nal));
    EXPECT_EQ(nal.start_bytes, 3U);
    ASSERT_TRUE(walker.next(nal));
    EXPECT_EQ(nal.start_bytes, 4U);
    EXPECT_FALSE(walker.next(nal));
}

TEST(NalWalker, says_where_the_next_unit_begins_without_passing_it) {
    const Octets bytes = {
        0, 0, 0, 1,              // empty
        0, 0, 1, 0,              // empty, with a zero behind it
        0, 0, 1, 0x67, 0x42, 0,  //
        0, 0, 1, 0x00, 0x05,     // begins with a zero, is not empty
        0, 0, 1, 0,    0,        // nothing follows but zeros
    };
    NalWalker walker(bytes);
    NalSpan nal{};
    EXPECT_EQ(walker.next_begin(), 11U);
    EXPECT_EQ(walker.next_begin(), 11U) << "asking changes nothing";
    ASSERT_TRUE(walker.next(nal));
    EXPECT_EQ(nal.begin, 11U);
    EXPECT_EQ(walker.next_begin(), 17U);
    ASSERT_TRUE(walker.next(nal));
    EXPECT_EQ(nal.begin, 17U);
    EXPECT_EQ(walker.next_begin(), std::nullopt);
    EXPECT_FALSE(walker.next(nal));
    EXPECT_EQ(NalWalker(Octets{}).next_begin(), std::nullopt);
    EXPECT_EQ(NalWalker(Octets{1, 2, 3}).next_begin(), std::nullopt);
}

TEST(NalWalker, says_how_much_stands_before_the_first_start_code) {
    const Octets bytes = {0xAA, 0xBB, 0, 0, 0, 1, 0x65};
    NalWalker walker(bytes);
    EXPECT_EQ(walker.leading_bytes(), 2U);
    EXPECT_EQ(units_of(bytes), (std::vector<Octets>{{0x65}}));
    EXPECT_EQ(NalWalker(Octets{1, 2, 3}).leading_bytes(), 3U);
    EXPECT_EQ(NalWalker(Bytes{}).leading_bytes(), 0U);
}

TEST(Unescape, removes_emulation_prevention_only_after_two_zeros) {
    const Octets escaped = {0, 0, 3, 1, 0, 3, 0, 0, 3, 0, 0, 3, 3};
    Octets plain(escaped.size());
    plain.resize(unescape(escaped, plain));
    EXPECT_EQ(plain, (Octets{0, 0, 1, 0, 3, 0, 0, 0, 0, 3}));
    EXPECT_EQ(unescape(escaped, std::span(plain).first(2)), 2U);
}

TEST(BitReader, reads_exp_golomb_of_the_specs_table) {
    // Table 9-2: 1, 010, 011, 00100, 00101 and for se(v) 0, 1, -1, 2, -2
    const Octets bytes = {0b10100110, 0b01000010, 0b10000000};
    BitReader unsigned_codes(bytes);
    for (std::uint32_t want : {0U, 1U, 2U, 3U, 4U}) EXPECT_EQ(unsigned_codes.ue(), want);
    BitReader signed_codes(bytes);
    for (std::int32_t want : {0, 1, -1, 2, -2}) EXPECT_EQ(signed_codes.se(), want);
    EXPECT_FALSE(signed_codes.overrun());
}

TEST(BitReader, gives_zeros_past_the_end_and_says_so) {
    const Octets bytes = {0xFF};
    BitReader in(bytes);
    EXPECT_EQ(in.bits(8), 0xFFU);
    EXPECT_FALSE(in.overrun());
    EXPECT_EQ(in.bits(32), 0U);
    EXPECT_TRUE(in.overrun());
}

TEST(BitReader, refuses_a_code_of_more_than_31_zeros) {
    const Octets bytes(12, 0);
    BitReader in(bytes);
    EXPECT_EQ(in.ue(), 0U);
    EXPECT_TRUE(in.overrun());
    const Octets largest = {0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF};
    EXPECT_EQ(BitReader(largest).ue(), 0xFFFFFFFEU);
}

}  // namespace
}  // namespace st::media
