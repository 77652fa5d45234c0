#include "streamd/process.h"

#include <gtest/gtest.h>

namespace st::streamd {
namespace {

TEST(Descriptors, leave_room_for_what_is_no_connection) {
    EXPECT_EQ(connections_for(descriptors_for(10'000)), 10'000U);
    EXPECT_EQ(connections_for(descriptors_for(300)), 300U);
}

TEST(Descriptors, allow_some_connections_where_there_are_few) {
    EXPECT_EQ(connections_for(1024), 384U);
    EXPECT_EQ(connections_for(512), 128U);
    EXPECT_EQ(connections_for(256), 64U);
    EXPECT_EQ(connections_for(200), 50U);
    EXPECT_EQ(connections_for(3), 1U);
    EXPECT_EQ(connections_for(0), 1U);
}

TEST(Descriptors, never_make_more_connections_of_fewer) {
    for (std::uint64_t count = 1; count < 2000; ++count) {
        EXPECT_GE(connections_for(count), connections_for(count - 1)) << count;
    }
}

}  // namespace
}  // namespace st::streamd
