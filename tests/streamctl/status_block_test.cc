#include "streamctl/console/status_block.h"

#include <gtest/gtest.h>

namespace st::streamctl {
namespace {

using Lines = std::vector<std::string>;

TEST(StatusBlock, shows_all_cameras_in_their_order_where_there_is_room) {
    const std::vector<StatusLine> cameras = {{"a"}, {"b", true}, {"c"}};
    EXPECT_EQ(status_block(cameras, "disk", 4), (Lines{"a", "b", "c", "disk"}));
    EXPECT_EQ(status_block(cameras, "", 3), (Lines{"a", "b", "c"}));
    EXPECT_EQ(status_block({}, "", 3), Lines{});
}

TEST(StatusBlock, shows_those_in_trouble_first_where_there_is_not_and_counts_the_rest) {
    const std::vector<StatusLine> cameras = {{"a"}, {"b"}, {"c", true}, {"d"}, {"e", true}};
    EXPECT_EQ(status_block(cameras, "disk", 5),
              (Lines{"c", "e", "a", "and 2 more cameras", "disk"}));
    EXPECT_EQ(status_block(cameras, "", 3), (Lines{"c", "e", "and 3 more cameras"}));
    EXPECT_EQ(status_block(cameras, "disk", 3), (Lines{"c", "and 4 more cameras", "disk"}));
}

}  // namespace
}  // namespace st::streamctl
