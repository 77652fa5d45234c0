#include "base/nearest.h"

#include <gtest/gtest.h>

namespace st {
namespace {

TEST(EditDistance, counts_letters_added_left_out_and_replaced) {
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("camera", "camera"), 0U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("camera", "cameras"), 1U);
    EXPECT_EQ(edit_distance("recordings", "recording"), 1U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance("DOOR", "door"), 0U);
}

TEST(EditDistance, is_the_same_both_ways) {
    EXPECT_EQ(edit_distance("sync", "snyc"), edit_distance("snyc", "sync"));
    EXPECT_EQ(edit_distance("sync", "snyc"), 2U);
}

}  // namespace
}  // namespace st
