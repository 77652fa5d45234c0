#include "av/pace.h"

#include <gtest/gtest.h>

namespace st::av {
namespace {

using std::chrono::microseconds;
constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kSecondNs = 1'000'000'000;

TEST(Pace, a_file_waits_until_each_picture_is_due) {
    Pace pace(/*exact=*/true);
    EXPECT_EQ(pace.wait(700, 5 * kSecondNs), microseconds(0)) << "the first is due at once";
    EXPECT_EQ(pace.wait(700 + 40'000, 5 * kSecondNs), microseconds(40'000));
    EXPECT_EQ(pace.wait(700 + 80'000, 5 * kSecondNs + 90'000'000), microseconds(0)) << "late";
    EXPECT_EQ(pace.wait(700 + 2 * kSecondUs, 6 * kSecondNs), microseconds(kSecondUs));
}

TEST(Pace, a_live_stream_is_held_back_only_beyond_the_lead) {
    Pace pace(/*exact=*/false);
    EXPECT_EQ(pace.wait(0, 0), microseconds(0));
    EXPECT_EQ(pace.wait(Pace::kLeadUs, 0), microseconds(0));
    EXPECT_EQ(pace.wait(Pace::kLeadUs + 40'000, 0), microseconds(40'000));
}

TEST(Pace, a_live_clock_that_is_a_little_fast_is_never_held_back) {
    Pace pace(/*exact=*/false);
    std::int64_t media_us = 0;
    for (std::int64_t s = 0; s < 24 * 3600; ++s) {
        media_us += kSecondUs + kSecondUs / 1000;
        ASSERT_EQ(pace.wait(media_us, s * kSecondNs), microseconds(0)) << s;
    }
}

TEST(Pace, counts_anew_after_a_jump) {
    for (const std::int64_t jump_us : {3600 * kSecondUs, -3600 * kSecondUs}) {
        Pace pace(/*exact=*/true);
        EXPECT_EQ(pace.wait(0, 0), microseconds(0));
        EXPECT_EQ(pace.wait(jump_us, kSecondNs), microseconds(0));
        EXPECT_EQ(pace.wait(jump_us + 40'000, kSecondNs), microseconds(40'000));
    }
}

}  // namespace
}  // namespace st::av
