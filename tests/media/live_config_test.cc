#include "media/live_config.h"

#include <gtest/gtest.h>

#include "media/avc_config.h"

namespace st::media {
namespace {

using Raw = std::vector<std::uint8_t>;

/// Constrained Baseline, picture order count type 2, one reference frame, 640 x 480, no VUI.
const Raw kBaseline = {0x67, 0x42, 0xC0, 0x1E, 0xDA, 0x02, 0x80, 0xF6, 0x40};
/// Main, picture order count type 0: B-frames may come.
const Raw kMain = {0x67, 0x4D, 0x40, 0x1E, 0xF4, 0x05, 0x01, 0xEC, 0x80};
const Raw kPps = {0x68, 0xCE, 0x3C, 0x80};

TEST(LiveConfig, what_an_sps_proves_it_says) {
    const auto before = parse_sps(kBaseline);
    ASSERT_TRUE(before) << before.error().message;
    ASSERT_FALSE(before->vui.max_num_reorder_frames);
    const auto changed = without_reordering(kBaseline);
    ASSERT_TRUE(changed);
    const auto after = parse_sps(*changed);
    ASSERT_TRUE(after) << after.error().message;
    EXPECT_EQ(after->vui.max_num_reorder_frames, 0U);
    EXPECT_EQ(after->width, before->width);
    EXPECT_EQ(after->height, before->height);
    EXPECT_EQ(after->max_num_ref_frames, before->max_num_ref_frames);
    EXPECT_TRUE(after->same_picture_format(*before));
    EXPECT_FALSE(without_reordering(*changed)) << "it says so already";
}

TEST(LiveConfig, a_restriction_that_says_otherwise_is_written_anew) {
    const auto said = without_reordering(kBaseline);
    ASSERT_TRUE(said);
    const auto sps = parse_sps(*said);
    ASSERT_TRUE(sps);
    EXPECT_NE(sps->restriction_bit, 0U);
    EXPECT_EQ(sps->vui_bit, 0U);
}

TEST(LiveConfig, an_sps_that_proves_nothing_stays) {
    ASSERT_TRUE(parse_sps(kMain));
    EXPECT_FALSE(without_reordering(kMain));
    EXPECT_FALSE(without_reordering({}));
    EXPECT_FALSE(without_reordering(kPps));
    for (std::size_t i = 0; i < kBaseline.size(); ++i) {
        (void)without_reordering(
            Bytes(kBaseline).first(i));  // cut anywhere: nothing is read beyond
    }
}

TEST(LiveConfig, a_configuration_and_a_picture_that_carry_it_do_too) {
    const Buffer record =
        encode_avc_config(std::vector<Bytes>{kBaseline}, std::vector<Bytes>{kPps});
    const auto changed = config_without_reordering(record.bytes());
    ASSERT_TRUE(changed);
    const auto config = parse_avc_config(changed->bytes());
    ASSERT_TRUE(config);
    EXPECT_EQ(parse_sps(config->sps.at(0))->vui.max_num_reorder_frames, 0U);
    EXPECT_EQ(Raw(config->pps.at(0).begin(), config->pps.at(0).end()), kPps);
    EXPECT_FALSE(config_without_reordering(changed->bytes()));
    EXPECT_FALSE(config_without_reordering(
        encode_avc_config(std::vector<Bytes>{kMain}, std::vector<Bytes>{kPps}).bytes()));

    const auto sample_of = [](std::initializer_list<Raw> nals) {
        Buffer all;
        for (const Raw& nal : nals) {
            const Raw length = {0, 0, 0, static_cast<std::uint8_t>(nal.size())};
            all.append(length);
            all.append(nal);
        }
        return all;
    };
    const Raw idr = {0x65, 0x88, 0x84, 0x00, 0x33};
    const auto picture = sample_without_reordering(sample_of({kBaseline, kPps, idr}).bytes());
    ASSERT_TRUE(picture);
    const auto sps = without_reordering(kBaseline);
    ASSERT_TRUE(sps);
    const Buffer wanted = sample_of({*sps, kPps, idr});
    EXPECT_EQ(Raw(picture->data(), picture->data() + picture->size()),
              Raw(wanted.data(), wanted.data() + wanted.size()));
    EXPECT_FALSE(sample_without_reordering(sample_of({kPps, idr}).bytes()));
    EXPECT_FALSE(sample_without_reordering(sample_of({idr, kBaseline}).bytes()))
        << "behind the first slice nothing is looked at";
    EXPECT_FALSE(sample_without_reordering(Raw{0, 0, 0, 99, 0x67}));
}

}  // namespace
}  // namespace st::media
