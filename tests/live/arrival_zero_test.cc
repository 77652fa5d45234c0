#include "live/arrival_zero.h"

#include <gtest/gtest.h>

namespace st::live {
namespace {

constexpr std::int64_t kStart = 1'800'000'000'000'000;

TEST(ArrivalZero, is_where_the_quickest_picture_puts_it) {
    ArrivalZero zero;
    EXPECT_EQ(zero.add(0, kStart + 30'000), kStart + 30'000);
    EXPECT_EQ(zero.add(40, kStart + 40'000 + 12'000), kStart + 12'000);
    EXPECT_EQ(zero.add(80, kStart + 80'000 + 90'000), std::nullopt) << "a late one says nothing";
}

TEST(ArrivalZero, is_told_again_once_it_moved_by_more_than_a_millisecond) {
    ArrivalZero zero;
    EXPECT_EQ(zero.add(0, kStart + 5'000), kStart + 5'000);
    EXPECT_EQ(zero.add(40, kStart + 44'000), std::nullopt);
    EXPECT_EQ(zero.add(80, kStart + 83'999), kStart + 3'999);
}

TEST(ArrivalZero, follows_a_clock_that_runs_slow) {
    ArrivalZero zero;
    ASSERT_TRUE(zero.add(0, kStart));
    std::int64_t told = kStart;
    // 100 ppm: 10 ms in 100 s.
    for (std::uint32_t ms = 40; ms <= 100'000; ms += 40) {
        if (const auto moved = zero.add(ms, kStart + std::int64_t{ms} * 1000 + ms / 10))
            told = *moved;
    }
    EXPECT_GT(told, kStart + 7'000);
    EXPECT_LE(told, kStart + 10'000);
}

TEST(ArrivalZero, what_was_quick_long_ago_does_not_count) {
    ArrivalZero zero;
    ASSERT_TRUE(zero.add(0, kStart));
    std::optional<std::int64_t> told;
    for (std::uint32_t ms = 40; ms <= 30'000; ms += 40) {
        if (const auto moved = zero.add(ms, kStart + std::int64_t{ms} * 1000 + 50'000))
            told = moved;
    }
    EXPECT_EQ(told, kStart + 50'000);
}

TEST(ArrivalZero, goes_on_where_the_times_of_flv_begin_again) {
    constexpr std::int64_t kWrapUs = (std::int64_t{1} << 32) * 1000;
    ArrivalZero zero;
    const std::int64_t at = kStart + kWrapUs - 1'000'000;
    ASSERT_EQ(zero.add(UINT32_MAX - 999, at), kStart);
    EXPECT_EQ(wraps_us(kStart, UINT32_MAX - 999, at), 0);
    EXPECT_EQ(zero.add(40, at + 1'040'000), std::nullopt) << "the stream's zero is where it was";
    EXPECT_EQ(wraps_us(kStart, 40, at + 1'040'000), kWrapUs);
    EXPECT_EQ(wraps_us(kStart, 40, at + 1'340'000), kWrapUs) << "late";
    EXPECT_EQ(wraps_us(kStart, UINT32_MAX, at + 1'340'000), 0) << "from before, and late";
    EXPECT_EQ(wraps_us(kStart + 5'000, 40, at + 1'040'000), kWrapUs) << "early, by its zero";
    EXPECT_EQ(wraps_us(kStart, 40, at + 1'040'000 + 2 * kWrapUs), 3 * kWrapUs);
}

}  // namespace
}  // namespace st::live
