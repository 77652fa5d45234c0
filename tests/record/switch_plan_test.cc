#include "record/switch_plan.h"

#include <gtest/gtest.h>

namespace st::record {
namespace {

using Place = SwitchPlan::Place;

constexpr media::NalPeek kSets{.sps = true, .pps = true};
constexpr media::NalPeek kKey{.vcl = true, .idr = true, .starts_picture = true};
constexpr media::NalPeek kInter{.vcl = true, .starts_picture = true};
constexpr media::NalPeek kLaterSlice{.vcl = true, .idr = true};

TEST(SwitchPlan, without_a_limit_it_never_asks_for_another_file) {
    SwitchPlan plan;
    plan.note({100, 1}, kKey);
    EXPECT_FALSE(plan.wants_switch({1ULL << 50, 2}, 1, kKey));
    EXPECT_FALSE(plan.wants_switch({1ULL << 50, 2}, 1, kInter));
}

TEST(SwitchPlan, switches_at_the_key_frame_whose_group_would_not_fit) {
    SwitchPlan plan(1000);
    plan.note({0, 1}, kKey);
    plan.note({50, 2}, kInter);
    // The group before it took 300 bytes, and so may this one, and a quarter more.
    EXPECT_FALSE(plan.wants_switch({300, 3}, 50, kKey));
    plan.note({300, 3}, kKey);
    EXPECT_FALSE(plan.wants_switch({600, 4}, 50, kKey));
    plan.note({600, 4}, kKey);
    EXPECT_TRUE(plan.wants_switch({900, 5}, 50, kKey));
    EXPECT_EQ(plan.takes_along_from(kKey), std::nullopt) << "it begins with that key frame";
}

TEST(SwitchPlan, a_group_that_grows_over_the_limit_is_taken_along_whole) {
    SwitchPlan plan(1000);
    plan.note({0, 1}, kKey);
    plan.note({200, 2}, kKey);
    EXPECT_FALSE(plan.wants_switch({900, 3}, 100, kInter));
    EXPECT_TRUE(plan.wants_switch({900, 3}, 101, kInter));
    EXPECT_EQ(plan.takes_along_from(kInter), (Place{200, 2}));
}

TEST(SwitchPlan, a_group_larger_than_the_limit_stays_in_one_file) {
    SwitchPlan plan(1000);
    plan.note({0, 1}, kKey);
    EXPECT_FALSE(plan.wants_switch({5000, 2}, 100, kInter));
    EXPECT_TRUE(plan.wants_switch({5000, 2}, 100, kKey));
    EXPECT_EQ(plan.takes_along_from(kInter), std::nullopt);
}

TEST(SwitchPlan, parameter_sets_go_with_the_key_frame_behind_them) {
    SwitchPlan plan(1000);
    plan.note({0, 1}, kSets);
    plan.note({20, 2}, kKey);
    plan.note({500, 3}, kInter);
    EXPECT_EQ(plan.takes_along_from(kInter), std::nullopt) << "the only group begins the file";
    EXPECT_EQ(plan.takes_along_from(kKey), std::nullopt);
    plan.note({600, 4}, kSets);
    EXPECT_EQ(plan.takes_along_from(kKey), (Place{600, 4}));
    plan.note({620, 5}, kKey);
    EXPECT_EQ(plan.takes_along_from(kInter), (Place{600, 4}));
}

TEST(SwitchPlan, what_begins_a_file_stays_in_it) {
    SwitchPlan plan(1000);
    plan.note({100, 1}, kSets);
    EXPECT_EQ(plan.takes_along_from(kKey), std::nullopt);
}

TEST(SwitchPlan, the_slices_of_one_key_frame_stay_together) {
    SwitchPlan plan(1000);
    plan.note({0, 1}, kKey);
    plan.note({400, 2}, kKey);
    EXPECT_TRUE(plan.wants_switch({980, 3}, 100, kLaterSlice));
    EXPECT_EQ(plan.takes_along_from(kLaterSlice), (Place{400, 2}));
}

TEST(SwitchPlan, a_recovery_point_begins_a_group_as_an_idr_does) {
    constexpr media::NalPeek kRecoveryPoint{.recovery_point = true};
    constexpr media::NalPeek kRefresh{.vcl = true, .starts_picture = true, .recovery_point = true};
    SwitchPlan plan(1000);
    plan.note({0, 1}, kKey);
    plan.note({300, 2}, kRefresh);
    plan.note({600, 3}, kRecoveryPoint);  // in a message of its own
    plan.note({610, 4}, kInter);
    plan.note({700, 5}, kInter);
    EXPECT_EQ(plan.takes_along_from(kInter), (Place{600, 3}));
    EXPECT_TRUE(plan.wants_switch({900, 6}, 20, kRefresh));
    EXPECT_FALSE(plan.wants_switch({900, 6}, 20, kInter));
}

}  // namespace
}  // namespace st::record
