#include "hub/timeline.h"

#include <gtest/gtest.h>

#include <vector>

namespace st::hub {
namespace {

using media::Track;

/// Feeds times 40 ms apart in real time; gives back what came out.
std::vector<std::int64_t> mapped(Timeline& timeline, const std::vector<std::uint64_t>& times,
                                 Track track = Track::video) {
    static std::int64_t now_ns = 0;
    std::vector<std::int64_t> out;
    for (const std::uint64_t time : times) {
        now_ns += 40'000'000;
        out.push_back(timeline.map(track, time, now_ns));
    }
    return out;
}

using Times = std::vector<std::int64_t>;

TEST(Timeline, begins_at_zero_whatever_the_clock) {
    for (const std::uint64_t start : {std::uint64_t{0}, std::uint64_t{1'790'000'000'000},
                                      std::uint64_t{60} * 86'400'000, UINT64_MAX - 100}) {
        Timeline timeline;
        timeline.begin(Clock::bits_64, 0);
        EXPECT_EQ(mapped(timeline, {start, start + 40, start + 85}), (Times{0, 40, 85})) << start;
    }
}

TEST(Timeline, goes_on_over_the_wrap_at_2_to_the_32) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    EXPECT_EQ(mapped(timeline, {4294967256, 0, 40, 80}), (Times{0, 40, 80, 120}));
    EXPECT_EQ(timeline.jumps(), 0U);
}

TEST(Timeline, goes_on_over_the_wrap_at_2_to_the_24_of_senders_without_extension) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    EXPECT_EQ(mapped(timeline, {16777176, 0, 40}), (Times{0, 40, 80}));
    EXPECT_EQ(timeline.jumps(), 0U);
}

TEST(Timeline, goes_on_beyond_2_to_the_24_of_senders_with_extension) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    EXPECT_EQ(mapped(timeline, {16777176, 16777216, 16777256}), (Times{0, 40, 80}));
}

TEST(Timeline, lets_tracks_wrap_one_after_the_other) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    EXPECT_EQ(mapped(timeline, {16777186}), (Times{0}));
    EXPECT_EQ(mapped(timeline, {16777196}, Track::audio), (Times{10}));
    EXPECT_EQ(mapped(timeline, {10}), (Times{40}));
    EXPECT_EQ(mapped(timeline, {16777212}, Track::audio), (Times{26}));
    EXPECT_EQ(mapped(timeline, {50}), (Times{80}));
    EXPECT_EQ(mapped(timeline, {20}, Track::audio), (Times{50}));
    EXPECT_EQ(timeline.jumps(), 0U);
}

TEST(Timeline, closes_a_jump_of_the_publishers_clock) {
    Timeline timeline;
    timeline.begin(Clock::bits_64, 0);
    EXPECT_EQ(mapped(timeline, {1000, 1040, 9'000'000, 9'000'040}), (Times{0, 40, 80, 120}));
    EXPECT_EQ(mapped(timeline, {500, 540}), (Times{160, 200}));
    EXPECT_EQ(timeline.jumps(), 2U);
}

TEST(Timeline, keeps_sound_with_the_picture_over_a_jump) {
    Timeline timeline;
    timeline.begin(Clock::bits_64, 0);
    mapped(timeline, {1000, 1040});
    mapped(timeline, {1005, 1045}, Track::audio);
    EXPECT_EQ(mapped(timeline, {500'000}), (Times{80}));
    EXPECT_EQ(mapped(timeline, {500'005}, Track::audio), (Times{85}));
    EXPECT_EQ(timeline.jumps(), 1U);
}

TEST(Timeline, believes_a_gap_that_took_as_long_in_real_time) {
    Timeline timeline;
    timeline.begin(Clock::bits_64, 0);
    EXPECT_EQ(timeline.map(Track::video, 0, 0), 0);
    EXPECT_EQ(timeline.map(Track::video, 60'000, 60'000'000'000), 60'000);
    EXPECT_EQ(timeline.jumps(), 0U);
}

TEST(Timeline, never_goes_back) {
    Timeline timeline;
    timeline.begin(Clock::bits_64, 0);
    EXPECT_EQ(mapped(timeline, {100, 140, 130, 180, 180}), (Times{0, 40, 40, 80, 80}));
}

TEST(Timeline, continues_where_the_publisher_before_left) {
    Timeline timeline;
    timeline.begin(Clock::bits_32, 0);
    mapped(timeline, {5000, 5040, 5080});
    timeline.begin(Clock::bits_32, 1'000'000'000);
    EXPECT_EQ(mapped(timeline, {0, 40}), (Times{120, 160}));
}

}  // namespace
}  // namespace st::hub
