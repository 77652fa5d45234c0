#include "record/live_figures.h"

#include <gtest/gtest.h>

#include "record/write_rate.h"

namespace st::record {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(LiveFigures, count_messages_pictures_and_what_did_not_come) {
    LiveFigures figures;
    figures.count(7, 20, false, 5 * kSecond);  // a recording may begin with any number
    figures.count(8, 100, true, 5 * kSecond + 1);
    figures.count(8, 100, true, 6 * kSecond);   // repeated
    figures.count(12, 100, true, 7 * kSecond);  // 9, 10 and 11 are missing
    figures.count(11, 100, true, 8 * kSecond);  // late
    figures.count(13, 100, true, 9 * kSecond);
    EXPECT_EQ(figures.messages, 6U);
    EXPECT_EQ(figures.pictures, 5U);
    EXPECT_EQ(figures.bytes, 520U);
    EXPECT_EQ(figures.gaps, 1U);
    EXPECT_EQ(figures.missing, 3U);
    EXPECT_EQ(figures.duration_ns, 4 * kSecond);
}

TEST(LiveFigures, follow_numbers_that_wrap) {
    LiveFigures figures;
    figures.count(0xFFFF'FFFF, 1, true, 1);
    figures.count(0, 1, true, 2);
    EXPECT_EQ(figures.missing, 0U);
    figures.count(2, 1, true, 3);
    EXPECT_EQ(figures.missing, 1U);
}

TEST(WriteRate, is_the_mean_of_the_last_ten_seconds_at_most) {
    WriteRate rate;
    EXPECT_EQ(rate.bytes_per_second(100 * kSecond), 0U);
    rate.add(500, 100 * kSecond);
    EXPECT_EQ(rate.bytes_per_second(100 * kSecond), 500U);
    rate.add(500, 101 * kSecond);
    EXPECT_EQ(rate.bytes_per_second(101 * kSecond), 500U);
    EXPECT_EQ(rate.bytes_per_second(103 * kSecond), 250U) << "nothing came for two seconds";
    EXPECT_EQ(rate.bytes_per_second(110 * kSecond), 50U) << "the first second is too old";
    EXPECT_EQ(rate.bytes_per_second(111 * kSecond), 0U);
}

}  // namespace
}  // namespace st::record
