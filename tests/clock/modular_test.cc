#include "clock/modular.h"

#include <gtest/gtest.h>

namespace st::clock {
namespace {

TEST(Modular, a_clock_that_overflows_moves_on_by_a_small_step) {
    EXPECT_EQ(difference(std::uint64_t{3}, UINT64_MAX - 1), 5);
    EXPECT_EQ(difference(UINT64_MAX - 1, std::uint64_t{3}), -5);
    EXPECT_EQ(difference(INT64_MIN + 1, INT64_MAX), 2);
    EXPECT_EQ(difference(INT64_MAX, INT64_MIN + 1), -2);
    EXPECT_EQ(sum(INT64_MAX, 2), INT64_MIN + 1);
    EXPECT_EQ(sum(INT64_MIN, -1), INT64_MAX);
}

}  // namespace
}  // namespace st::clock
