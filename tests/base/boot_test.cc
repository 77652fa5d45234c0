#include "base/boot.h"

#include <gtest/gtest.h>

#include <array>

namespace st {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

TEST(AreOfOneStart, by_what_they_say) {
    // The wall clock was set by an hour meanwhile.
    std::array times{MachineTime{0, 0, "a"}, MachineTime{3'600 * kSecond, 5 * kSecond, "a"}};
    EXPECT_TRUE(are_of_one_start(times));
    // As far apart by both clocks, by chance.
    times = {MachineTime{0, 0, "a"}, MachineTime{kSecond, kSecond, "b"}};
    EXPECT_FALSE(are_of_one_start(times));
}

TEST(AreOfOneStart, by_their_clocks_where_one_says_nothing) {
    std::array times{MachineTime{0, 0, "a"}, MachineTime{7 * kSecond, 5 * kSecond, ""}};
    EXPECT_TRUE(are_of_one_start(times));
    times[1].wall_us += 1;
    EXPECT_FALSE(are_of_one_start(times));
    EXPECT_TRUE(are_of_one_start(std::span(times).first(1)));
    EXPECT_TRUE(are_of_one_start({}));
}

}  // namespace
}  // namespace st
