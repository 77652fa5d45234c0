#include "base/rough_time.h"

#include <gtest/gtest.h>

namespace st {
namespace {

TEST(RoughTime, has_the_two_units_that_matter) {
    const auto text = [](std::int64_t seconds) {
        return rough_time(std::chrono::seconds(seconds));
    };
    EXPECT_EQ(text(-5), "0 s");
    EXPECT_EQ(text(0), "0 s");
    EXPECT_EQ(text(59), "59 s");
    EXPECT_EQ(text(60), "1 min");
    EXPECT_EQ(text(74), "1 min 14 s");
    EXPECT_EQ(text(600), "10 min");
    EXPECT_EQ(text(3599), "59 min");
    EXPECT_EQ(text(3600), "1 h");
    EXPECT_EQ(text(20'400), "5 h 40 min");
    EXPECT_EQ(text(86'399), "23 h 59 min");
    EXPECT_EQ(text(86'400), "1 d");
    EXPECT_EQ(text(266'400), "3 d 2 h");
}

}  // namespace
}  // namespace st
