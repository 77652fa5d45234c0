#include "notify/ladder.h"

#include <gtest/gtest.h>

namespace st::notify {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

TEST(RetryDelay, climbs_the_ladder_and_ends) {
    const std::vector<milliseconds> steps = {5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
    for (unsigned i = 0; i < steps.size(); ++i) {
        EXPECT_EQ(retry_delay(i + 1, 0, {}), steps[i]) << i;
        EXPECT_EQ(retry_delay(i + 1, 1, {}), steps[i] * 11 / 10) << i;
    }
    EXPECT_EQ(retry_delay(10, 0, {}), std::nullopt);
}

TEST(RetryDelay, obeys_the_target_up_to_a_day) {
    EXPECT_EQ(retry_delay(1, 0, 600s), milliseconds(600s));
    EXPECT_EQ(retry_delay(2, 0, 1s), milliseconds(5min)) << "never sooner than the ladder";
    EXPECT_EQ(retry_delay(1, 0, 99h), milliseconds(24h));
    EXPECT_EQ(retry_delay(10, 0, 1s), std::nullopt);
    EXPECT_LE(*retry_delay(9, 1, 99h), kRetryDelayMax);
}

}  // namespace
}  // namespace st::notify
