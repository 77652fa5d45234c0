#include "capture/start_attempt.h"

#include <gtest/gtest.h>

#include "capture/fakes.h"

namespace st::capture {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class StartAttemptTest : public ::testing::Test {
 protected:
    /// By a clock that is 5 s ahead.
    void answer_clock() {
        const auto now = static_cast<std::uint64_t>(timers.clock_ns() / 1000 + 5'000'000);
        ASSERT_TRUE(clock.on_reply({questions.back(), now, now}, timers.clock_ns()));
        attempt.on_clock();
    }
    void begin_clock() {
        clock.begin({camera::TimeUnit::us, true, 0});
        attempt.set_takes_instants(true);
    }
    std::int64_t in_a_second() const { return timers.clock_ns() + 1'000'000'000; }

    struct Sent {
        camera::StartParameters asked;
        bool is_streaming;
    };
    ManualTimers timers;
    std::vector<std::uint32_t> questions;
    CameraClock clock{timers, [this](std::uint32_t id) { questions.push_back(id); }};
    std::vector<Sent> sent;
    int timeouts = 0;
    StartAttempt attempt{timers, clock,
                         [this](const camera::StartParameters& asked, bool is_streaming) {
                             sent.push_back({asked, is_streaming});
                         },
                         [this] { ++timeouts; }};
};

TEST_F(StartAttemptTest, it_goes_out_at_once_and_its_answer_may_take_so_long) {
    camera::StartParameters asked;
    asked.fps = 15;
    attempt.plan(asked, std::nullopt, seconds(3));
    attempt.send(false);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].asked.fps, 15U);
    EXPECT_FALSE(sent[0].is_streaming);
    timers.advance(milliseconds(2'999));
    EXPECT_EQ(timeouts, 0);
    timers.advance(milliseconds(1));
    EXPECT_EQ(timeouts, 1);
}

TEST_F(StartAttemptTest, an_answer_in_time_is_no_timeout) {
    attempt.plan({}, std::nullopt, seconds(3));
    attempt.send(false);
    attempt.cancel_timeout();
    timers.advance(seconds(10));
    EXPECT_EQ(timeouts, 0);
}

TEST_F(StartAttemptTest, a_common_instant_waits_for_the_first_answer_about_the_clock) {
    begin_clock();
    attempt.plan({}, in_a_second(), seconds(3));
    attempt.send(false);
    EXPECT_TRUE(sent.empty());
    answer_clock();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_TRUE(sent[0].asked.start_at);
    timers.advance(kFirstAnswerPatience);
    EXPECT_EQ(sent.size(), 1U) << "once";
}

TEST_F(StartAttemptTest, a_clock_that_does_not_answer_is_waited_for_a_moment) {
    begin_clock();
    attempt.plan({}, in_a_second(), seconds(3));
    attempt.send(false);
    timers.advance(kFirstAnswerPatience);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_FALSE(sent[0].asked.start_at);
}

TEST_F(StartAttemptTest, one_that_is_over_is_not_sent_any_more) {
    begin_clock();
    attempt.plan({}, in_a_second(), seconds(3));
    attempt.send(false);
    attempt.leave();
    answer_clock();
    timers.advance(seconds(1));
    EXPECT_TRUE(sent.empty());
}

TEST_F(StartAttemptTest, a_camera_that_streams_is_told_nothing_but_which_pictures_to_leave_out) {
    attempt.plan({}, std::nullopt, seconds(3));
    attempt.send(true);
    EXPECT_TRUE(sent.empty());
    EXPECT_TRUE(attempt.begins_at_entry());
    EXPECT_TRUE(attempt.may_begin_at(0));
    begin_clock();
    answer_clock();
    attempt.plan({}, in_a_second(), seconds(3));
    attempt.send(true);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_TRUE(sent[0].is_streaming);
    ASSERT_TRUE(sent[0].asked.start_at);
    EXPECT_FALSE(attempt.may_begin_at(*sent[0].asked.start_at - 1));
    EXPECT_TRUE(attempt.may_begin_at(*sent[0].asked.start_at));
    attempt.leave();
    EXPECT_FALSE(attempt.may_begin_at(*sent[0].asked.start_at));
}

}  // namespace
}  // namespace st::capture
