#include "media/parameter_sets.h"

#include <gtest/gtest.h>

#include <random>

#include "synthetic.h"

namespace st::media {
namespace {

// x264: Main, level 1.3, 322x182 cropped from 336x192, full range BT.709, aspect 4:3, 30 fps, 1
// reordered.
const std::vector<std::uint8_t> kMainSps = {
    0x67, 0x4D, 0x40, 0x0D, 0xEC, 0xA0, 0xA8, 0xCF, 0x11, 0x36, 0x02, 0xDC, 0x04, 0x04, 0x05,
    0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x3C, 0x0F, 0x14, 0x29, 0x96};
const std::vector<std::uint8_t> kMainPps = {0x68, 0xCE, 0x0F, 0xC8};

TEST(ParseSps, reads_size_cropping_colour_aspect_timing_and_reordering) {
    const auto sps = parse_sps(kMainSps);
    ASSERT_TRUE(sps) << sps.error().message;
    EXPECT_EQ(sps->profile_idc, 77);
    EXPECT_EQ(sps->level_idc, 13);
    EXPECT_EQ(sps->coded_width, 336U);
    EXPECT_EQ(sps->coded_height, 192U);
    EXPECT_EQ(sps->width, 322U);
    EXPECT_EQ(sps->height, 182U);
    EXPECT_EQ(sps->poc_type, 0);
    EXPECT_TRUE(sps->vui.full_range);
    EXPECT_TRUE(sps->vui.has_colour);
    EXPECT_EQ(sps->vui.colour_primaries, 1);
    EXPECT_EQ(sps->vui.transfer, 1);
    EXPECT_EQ(sps->vui.matrix, 1);
    EXPECT_EQ(sps->vui.time_scale, 60U * sps->vui.num_units_in_tick);
    EXPECT_EQ(sps->vui.max_num_reorder_frames, 2U);
    EXPECT_EQ(sps->vui.sar_width, 1U);
    EXPECT_EQ(sps->vui.sar_height, 1U);
}

TEST(ParseSps, interlaced_map_units_count_twice) {
    const auto sps = parse_sps(make_sps({.frame_mbs_only = false, .rows = 9}));
    ASSERT_TRUE(sps);
    EXPECT_EQ(sps->coded_height, 288U);
}

TEST(ParseSps, every_truncation_is_an_error_or_keeps_the_size) {
    for (std::size_t n = 0; n < kMainSps.size(); ++n) {
        const auto sps = parse_sps(Bytes(kMainSps).first(n));
        if (sps) {
            EXPECT_EQ(sps->width, 322U) << n;
        } else {
            EXPECT_LT(n, 12U) << "only the VUI may be cut off";
        }
    }
}

TEST(ParseSps, refuses_numbers_out_of_range_by_name) {
    EXPECT_EQ(parse_sps(make_sps({.id = 32})).error().message,
              "seq_parameter_set_id 32, at most 31");
    EXPECT_EQ(parse_sps(make_sps({.poc_type = 3})).error().message,
              "pic_order_cnt_type 3, at most 2");
    EXPECT_EQ(parse_sps(make_sps({.columns = 1056})).error().message,
              "picture side 16896, at most 16888");
    const std::vector<std::uint8_t> long_sps(kParameterSetBytesMax + 1, 0x67);
    EXPECT_EQ(parse_sps(long_sps).error().message, "SPS bytes 4097, at most 4096");
}

TEST(ParsePps, reads_what_slices_need_and_refuses_every_truncation) {
    const auto pps = parse_pps(kMainPps);
    ASSERT_TRUE(pps);
    EXPECT_EQ(pps->id, 0);
    EXPECT_EQ(parse_pps(make_pps(5, 3))->sps_id, 3);
    for (std::size_t n = 0; n + 1 < kMainPps.size(); ++n)
        EXPECT_FALSE(parse_pps(Bytes(kMainPps).first(n))) << n;
}

TEST(ParameterSets, tells_new_same_and_changed_apart) {
    ParameterSets sets;
    using Stored = ParameterSets::Stored;
    EXPECT_EQ(*sets.store(make_sps({})), Stored::added);
    EXPECT_EQ(*sets.store(make_sps({})), Stored::same);
    EXPECT_EQ(*sets.store(make_sps({.columns = 40})), Stored::changed);
    EXPECT_EQ(sets.sps(0)->coded_width, 640U);
    EXPECT_EQ(sets.sps(1), nullptr);
    EXPECT_TRUE(sets.pps_bytes(0).empty());
    EXPECT_FALSE(sets.store(std::vector<std::uint8_t>{0x67, 1, 2}));
    EXPECT_EQ(sets.sps(0)->coded_width, 640U) << "an unreadable set changed something";
}

TEST(ParameterSets, rises_in_version_with_each_change_alone) {
    ParameterSets sets;
    ASSERT_TRUE(sets.store(make_sps({})));
    const std::uint64_t version = sets.version();
    ASSERT_TRUE(sets.store(make_sps({})));
    EXPECT_EQ(sets.version(), version);
    ASSERT_TRUE(sets.store(make_sps({.columns = 40})));
    EXPECT_GT(sets.version(), version);
}

TEST(ParameterSets, keeps_no_zeros_behind_a_set) {
    ParameterSets sets;
    auto padded = kMainPps;
    padded.resize(16'000);
    ASSERT_TRUE(sets.store(padded));
    EXPECT_EQ(sets.held_bytes(), kMainPps.size());
    EXPECT_EQ(*sets.store(kMainPps), ParameterSets::Stored::same);
}

TEST(ParameterSets, refuses_more_than_a_stream_needs) {
    ParameterSets sets;
    std::size_t stored = 0;
    for (std::uint32_t id = 0; id < kPpsMax; ++id) {
        auto pps = make_pps(id);
        pps.resize(1'000, 0xFF);
        if (sets.store(pps)) ++stored;
        EXPECT_LE(sets.held_bytes(), kParameterSetsBytesMax);
    }
    EXPECT_EQ(stored, kParameterSetsBytesMax / 1'000);
    auto other = make_pps(0);
    other.resize(1'000, 0xEE);
    EXPECT_TRUE(sets.store(other)) << "in place of one of them";
}

}  // namespace
}  // namespace st::media
