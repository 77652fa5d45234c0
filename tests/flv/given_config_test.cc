#include "flv/given_config.h"

#include <gtest/gtest.h>

#include "flv/bytes.h"

namespace st::flv {
namespace {

const Wire kHead(kAvcConfig.begin(), kAvcConfig.begin() + 5);
const Wire kSei = {0x06, 0x05, 0x01, 0xAA, 0x80};
const Wire kStartCode = {0, 0, 0, 1};

Wire set(const Wire& unit) { return Wire{0, static_cast<std::uint8_t>(unit.size())} + unit; }
Wire long_set(const Wire& unit) { return Wire{0, 0} + set(unit); }

TEST(GivenConfig, takes_a_sound_record) {
    const GivenConfig config = read_given_config(kAvcConfig);
    EXPECT_TRUE(config.is_sound);
    EXPECT_EQ(config.length_bytes, 4U);
    ASSERT_EQ(config.sps.size(), 1U);
    EXPECT_EQ(config.sps[0], kSps);
    ASSERT_EQ(config.pps.size(), 1U);
    EXPECT_EQ(config.pps[0], kPps);
    EXPECT_TRUE(read_given_config(kAvcConfig + Wire(7, 0x99)).is_sound) << "what follows is not";
}

TEST(GivenConfig, uses_what_an_odd_record_holds) {
    Wire version_0 = kAvcConfig;
    version_0[0] = 0;
    Wire too_long = kAvcConfig;
    too_long[7] = static_cast<std::uint8_t>(kSps.size() + 40);
    Wire count_too_high = kAvcConfig;
    count_too_high[5] = 0xE3;
    const std::pair<const char*, Wire> odd[] = {
        {"start codes before the sets",
         kHead + Wire{0xE1} + set(kStartCode + kSps) + Wire{1} + set(kStartCode + kPps)},
        {"an SEI before the PPS", kHead + Wire{0xE1} + set(kSps) + Wire{2} + set(kSei) + set(kPps)},
        {"an SEI behind the PPS", kHead + Wire{0xE1} + set(kSps) + Wire{2} + set(kPps) + set(kSei)},
        {"an SEI among the SPS", kHead + Wire{0xE2} + set(kSei) + set(kSps) + Wire{1} + set(kPps)},
        {"empty units", kHead + Wire{0xE2} + set({}) + set(kSps) + Wire{2} + set(kPps) + set({})},
        {"the PPS among the SPS", kHead + Wire{0xE2} + set(kSps) + set(kPps) + Wire{0}},
        {"the lists the other way round", kHead + Wire{0xE1} + set(kPps) + Wire{1} + set(kSps)},
        {"both in one unit", kHead + Wire{0xE1} + set(kSps + kStartCode + kPps) + Wire{0}},
        {"the same set twice", kHead + Wire{0xE2} + set(kSps) + set(kSps) + Wire{1} + set(kPps)},
        {"version 0", version_0},
        {"an SPS length that is too long", too_long},
        {"more SPS than there are", count_too_high},
        {"the sets alone", kSps + kPps},
        {"the sets alone, in Annex B", kStartCode + kSps + kStartCode + kPps},
        {"the same with short start codes", Wire{0, 0, 1} + kSps + Wire{0, 0, 1} + kPps},
        {"an access unit delimiter first",
         kStartCode + Wire{0x09, 0xF0} + kStartCode + kSps + kStartCode + kPps},
        {"the sets alone, behind 4-byte lengths", long_set(kSps) + long_set(kPps)},
        {"the sets alone, behind 2-byte lengths", set(kSps) + set(kPps)},
    };
    for (const auto& [what, record] : odd) {
        const GivenConfig config = read_given_config(record);
        ASSERT_TRUE(config.has_sets()) << what;
        EXPECT_EQ(config.sps.size(), 1U) << what;
        EXPECT_EQ(config.sps[0], kSps) << what;
        EXPECT_EQ(config.pps[0], kPps) << what;
        EXPECT_EQ(wire(encode_config(config).bytes()), kAvcConfig) << what;
    }
}

TEST(GivenConfig, looks_for_bare_sets_in_little_only) {
    const Wire bare = kSps + kPps;
    EXPECT_TRUE(read_given_config(bare).has_sets());
    EXPECT_FALSE(read_given_config(Wire(60'000, 0x67) + bare).has_sets());
}

TEST(GivenConfig, finds_the_sets_of_other_profiles_too) {
    const GivenConfig bare = read_given_config(kHighSps + kHighPps);
    ASSERT_TRUE(bare.has_sets());
    EXPECT_EQ(bare.sps[0], kHighSps);
    EXPECT_EQ(bare.pps[0], kHighPps);
}

TEST(GivenConfig, says_that_there_are_none) {
    // The beginning of an HEVC configuration under AVC's codec id, as older OBS sent it.
    const Wire hevc = {0x01, 0x01, 0x60, 0x00, 0x00, 0x00, 0x90, 0x00, 0x00, 0x00,
                       0x00, 0x00, 0x5D, 0xF0, 0x00, 0xFC, 0xFD, 0xF8, 0xF8};
    for (const Wire& record :
         {Wire{}, Wire{1}, kHead, kHead + Wire{0xE0, 0}, kHead + Wire{0xE0, 1} + set(kSei),
          kHead + Wire{0xE1} + set(kSps) + Wire{0}, kHead + Wire{0xE0, 1} + set(kPps), hevc,
          Wire(40, 0x55), kStartCode + kSps, Wire(300, 0)}) {
        EXPECT_FALSE(read_given_config(record).has_sets()) << record.size();
        EXPECT_FALSE(read_given_config(record).is_sound);
    }
}

TEST(GivenConfig, reads_how_long_lengths_are_also_where_there_are_no_sets) {
    for (unsigned bytes = 1; bytes <= 4; ++bytes) {
        Wire record = kAvcConfig;
        record[4] = static_cast<std::uint8_t>(0xFC | (bytes - 1));
        EXPECT_EQ(read_given_config(record).length_bytes, bytes);
        EXPECT_TRUE(read_given_config(record).is_sound) << "but for that";
        record.resize(5);
        EXPECT_EQ(read_given_config(record).length_bytes, bytes);
    }
}

TEST(GivenConfig, survives_every_truncation) {
    for (std::size_t size = 0; size < kAvcConfig.size(); ++size) {
        const GivenConfig config = read_given_config(Bytes(kAvcConfig).first(size));
        if (config.has_sets()) {
            EXPECT_EQ(config.sps[0], kSps) << size;
        }
        if (size < 33) {
            EXPECT_FALSE(config.has_sets()) << size;
        }
    }
}

}  // namespace
}  // namespace st::flv
