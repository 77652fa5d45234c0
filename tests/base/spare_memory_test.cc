#include "base/spare_memory.h"

#include <gtest/gtest.h>

namespace st {
namespace {

constexpr std::size_t kMb = std::size_t{1} << 20;

/// How often it says so, when that much was held in each of so many seconds.
int times(SpareMemory& spare, std::size_t bytes, int seconds) {
    int said = 0;
    for (int i = 0; i < seconds; ++i) said += spare.look(bytes) ? 1 : 0;
    return said;
}

TEST(SpareMemory, pictures_that_come_and_go_stay) {
    SpareMemory spare;
    for (int second = 0; second < 600; ++second) {
        EXPECT_FALSE(spare.look(second % 5 == 0 ? 400 * kMb : 10 * kMb)) << second;
    }
}

TEST(SpareMemory, a_flood_is_given_back_once_it_is_over) {
    SpareMemory spare;
    EXPECT_EQ(times(spare, 5 * kMb, 20), 0);
    EXPECT_EQ(times(spare, 300 * kMb, 1), 0);
    EXPECT_EQ(times(spare, 5 * kMb, SpareMemory::kSeconds - 1), 0);
    EXPECT_EQ(times(spare, 5 * kMb, 600), 1);
    EXPECT_EQ(times(spare, 300 * kMb, 3), 0);
    EXPECT_EQ(times(spare, 0, 600), 1);
}

TEST(SpareMemory, a_little_is_given_back_only_when_nothing_moves) {
    SpareMemory spare;
    EXPECT_EQ(times(spare, 9 * kMb, 3), 0);
    for (int second = 0; second < 60; ++second) {
        EXPECT_FALSE(spare.look(second % 2 == 0 ? kMb : 2 * kMb)) << second;
    }
    EXPECT_EQ(times(spare, 2 * kMb, 60), 1);
}

}  // namespace
}  // namespace st
