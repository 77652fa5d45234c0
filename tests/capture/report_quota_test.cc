#include "capture/report_quota.h"

#include <gtest/gtest.h>

namespace st::capture {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(ReportQuota, so_many_may_be_caused_in_a_second_from_the_first_on) {
    ReportQuota quota(2);
    const std::int64_t begin = 5;
    EXPECT_TRUE(quota.take(begin));
    EXPECT_TRUE(quota.take(begin + kSecond - 1));
    EXPECT_FALSE(quota.take(begin + kSecond - 1));
    EXPECT_TRUE(quota.take(begin + kSecond));
    EXPECT_TRUE(quota.take(begin + kSecond));
    EXPECT_FALSE(quota.take(begin + kSecond));
}

TEST(ReportQuota, one_that_is_refused_does_not_lengthen_the_second) {
    ReportQuota quota(1);
    EXPECT_TRUE(quota.take(0));
    for (int tenth = 1; tenth < 10; ++tenth) EXPECT_FALSE(quota.take(tenth * kSecond / 10));
    EXPECT_TRUE(quota.take(kSecond));
}

}  // namespace
}  // namespace st::capture
