#include "clock/fps_estimate.h"

#include <gtest/gtest.h>

namespace st::clock {
namespace {

struct Vector {
    std::uint64_t messages;
    std::uint64_t arrival_ms;
    std::uint64_t device_ms;
    double fps;
    FpsGuess::Source source;
    bool is_clamped;
};

// The rule as users of the older server know it.
const Vector kVectors[] = {
    {57, 11'850, 11'800, 4.81, FpsGuess::Source::arrival, false},
    {1, 0, 0, 10.0, FpsGuess::Source::fallback, false},
    {0, 0, 0, 10.0, FpsGuess::Source::fallback, false},
    {20, 20'000, 2'000, 10.0, FpsGuess::Source::device, false},
    {2, 0, 0, 60.0, FpsGuess::Source::arrival, true},
    {20, 20'000, 400'000'000, 1.0, FpsGuess::Source::device, true},
};

TEST(GuessFps, gives_the_known_vectors) {
    for (const Vector& v : kVectors) {
        const MessageSpan arrival{v.messages, 5'000, 5'000 + v.arrival_ms};
        const MessageSpan device{v.messages, 77, 77 + v.device_ms};
        const FpsGuess guess = guess_fps(arrival, device);
        EXPECT_NEAR(guess.fps, v.fps, 0.005) << v.messages;
        EXPECT_EQ(guess.source, v.source) << v.messages;
        EXPECT_EQ(guess.is_clamped, v.is_clamped) << v.messages;
    }
}

TEST(GuessFps, uses_the_device_where_there_are_no_arrival_times) {
    EXPECT_NEAR(guess_fps(std::nullopt, MessageSpan{100, 0, 4000}).fps, 25.0, 0.001);
    EXPECT_EQ(guess_fps(std::nullopt, std::nullopt).source, FpsGuess::Source::fallback);
}

TEST(GuessFps, takes_a_clock_that_went_back_as_the_shortest_span) {
    EXPECT_EQ(guess_fps(MessageSpan{10, 9000, 1000}, std::nullopt).fps, 60.0);
}

}  // namespace
}  // namespace st::clock
