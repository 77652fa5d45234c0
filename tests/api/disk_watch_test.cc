#include "api/disk_watch.h"

#include <gtest/gtest.h>

namespace st::api {
namespace {

using std::chrono::minutes;

constexpr std::uint64_t kMegabyte = 1'000'000;

TEST(DiskWarning, says_once_that_the_disk_runs_short_and_again_after_it_did_not) {
    DiskWarning warning;
    EXPECT_EQ(warning.look({600 * kMegabyte, kMegabyte, 0}, minutes(9)), "");
    EXPECT_EQ(warning.look({500 * kMegabyte, kMegabyte, 0}, minutes(9)),
              "500.0 MB free, about 8 min 20 s at the present rate");
    EXPECT_EQ(warning.look({499 * kMegabyte, kMegabyte, 0}, minutes(9)), "");
    EXPECT_EQ(warning.look({600 * kMegabyte, kMegabyte, 0}, minutes(9)), "") << "just above it";
    EXPECT_EQ(warning.look({500 * kMegabyte, kMegabyte, 0}, minutes(9)), "");
    EXPECT_EQ(warning.look({900 * kMegabyte, kMegabyte, 0}, minutes(9)), "");
    EXPECT_NE(warning.look({500 * kMegabyte, kMegabyte, 0}, minutes(9)), "");
}

TEST(DiskWarning, is_about_nothing_while_nothing_is_written) {
    DiskWarning warning;
    EXPECT_EQ(warning.look({500 * kMegabyte, 0, 0}, minutes(9)), "");
}

TEST(DiskWarning, says_that_no_recording_begins) {
    DiskWarning warning;
    EXPECT_EQ(warning.look({50 * kMegabyte, 0, 64 * kMegabyte}, minutes(9)),
              "50.0 MB free: no new recording begins");
}

TEST(DiskWarning, says_that_it_is_full_also_after_it_said_that_it_runs_short) {
    DiskWarning warning;
    EXPECT_NE(warning.look({500 * kMegabyte, kMegabyte, 64 * kMegabyte}, minutes(9)), "");
    EXPECT_EQ(warning.look({50 * kMegabyte, kMegabyte, 64 * kMegabyte}, minutes(9)),
              "50.0 MB free: no new recording begins");
    EXPECT_EQ(warning.look({50 * kMegabyte, kMegabyte, 64 * kMegabyte}, minutes(9)), "");
    EXPECT_EQ(warning.look({70 * kMegabyte, 0, 64 * kMegabyte}, minutes(9)), "") << "just above it";
    EXPECT_EQ(warning.look({50 * kMegabyte, 0, 64 * kMegabyte}, minutes(9)), "");
    EXPECT_EQ(warning.look({900 * kMegabyte, 0, 64 * kMegabyte}, minutes(9)), "");
    EXPECT_NE(warning.look({50 * kMegabyte, 0, 64 * kMegabyte}, minutes(9)), "");
}

TEST(DiskWarning, of_a_disk_that_runs_short_can_be_turned_off) {
    DiskWarning warning;
    EXPECT_EQ(warning.look({100, 1000, 64}, minutes(0)), "");
    EXPECT_NE(warning.look({1, 1000, 64}, minutes(0)), "") << "full is not short";
}

}  // namespace
}  // namespace st::api
