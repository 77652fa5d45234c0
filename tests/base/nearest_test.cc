#include "base/nearest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

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

TEST(Nearest, is_silent_when_nothing_is_near) {
    using Words = std::vector<std::string>;
    EXPECT_EQ(nearest("strat", Words{"start", "stop", "status"}), "start");
    EXPECT_EQ(nearest("x", Words{"start", "stop"}), "");
    EXPECT_EQ(nearest("recordings-all", Words{"recordings", "start"}), "recordings");
}

}  // namespace
}  // namespace st
