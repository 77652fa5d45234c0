#include "base/per_second.h"

#include <gtest/gtest.h>

namespace st {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(PerSecond, so_many_may_be_taken_in_a_second_from_the_first_on) {
    PerSecond quota(2);
    const std::int64_t begin = 5;
    EXPECT_TRUE(quota.take(1, begin));
    EXPECT_TRUE(quota.take(1, begin + kSecond - 1));
    EXPECT_FALSE(quota.take(1, begin + kSecond - 1));
    EXPECT_TRUE(quota.take(1, begin + kSecond));
    EXPECT_TRUE(quota.take(1, begin + kSecond));
    EXPECT_FALSE(quota.take(1, begin + kSecond));
}

TEST(PerSecond, one_that_is_refused_does_not_lengthen_the_second) {
    PerSecond quota(1);
    EXPECT_TRUE(quota.take(1, 0));
    for (int tenth = 1; tenth < 10; ++tenth) EXPECT_FALSE(quota.take(1, tenth * kSecond / 10));
    EXPECT_TRUE(quota.take(1, kSecond));
}

TEST(PerSecond, several_are_taken_together_or_not_at_all) {
    PerSecond quota(10);
    EXPECT_FALSE(quota.take(11, 0));
    EXPECT_FALSE(quota.take(UINT64_MAX, 0));
    EXPECT_TRUE(quota.take(0, 0));
    EXPECT_TRUE(quota.take(6, 0));
    EXPECT_FALSE(quota.take(5, 0));
    EXPECT_TRUE(quota.take(4, 0));
    EXPECT_FALSE(quota.take(1, 0));
}

}  // namespace
}  // namespace st
