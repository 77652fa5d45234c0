#include "source/states.h"

#include <gtest/gtest.h>

namespace st::source {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

/// Three crashes in 60 s, 30 s of patience.
class StatesTest : public ::testing::Test {
 protected:
    Action join() { return states.viewers(states.viewer_count() + 1, true, now); }
    Action leave() { return states.viewers(states.viewer_count() - 1, false, now); }
    Action crash() { return states.exited(now); }
    /// To its next due time and past it.
    Action wait() {
        EXPECT_TRUE(states.due_ns());
        now = states.due_ns().value_or(now);
        EXPECT_EQ(states.tick(now - 1), Action::none);
        return states.tick(now);
    }
    void run() {
        EXPECT_EQ(join(), Action::start);
        states.media();
        ASSERT_EQ(states.state(), State::running);
    }
    /// Three crashes, with a viewer watching.
    void fail() {
        EXPECT_EQ(join(), Action::start);
        EXPECT_EQ(crash(), Action::none);
        EXPECT_EQ(wait(), Action::start);
        EXPECT_EQ(crash(), Action::none);
        EXPECT_EQ(wait(), Action::start);
        EXPECT_EQ(crash(), Action::none);
        ASSERT_EQ(states.state(), State::failed);
    }

    std::int64_t now = 1000 * kSecond;
    States states{RunOptions{}};
};

TEST_F(StatesTest, the_first_viewer_starts_it_and_the_second_does_not) {
    EXPECT_EQ(states.state(), State::idle);
    EXPECT_EQ(join(), Action::start);
    EXPECT_EQ(states.state(), State::starting);
    EXPECT_EQ(join(), Action::none);
    states.media();
    EXPECT_EQ(states.state(), State::running);
    EXPECT_FALSE(states.due_ns());
}

TEST_F(StatesTest, it_stops_only_after_the_time_the_last_viewer_left) {
    run();
    join();
    EXPECT_EQ(leave(), Action::none);
    EXPECT_FALSE(states.due_ns()) << "one still watches";
    EXPECT_EQ(leave(), Action::none);
    EXPECT_EQ(*states.due_ns(), now + 30 * kSecond);
    EXPECT_EQ(wait(), Action::terminate);
    EXPECT_EQ(states.state(), State::stopping);
    EXPECT_EQ(states.exited(now), Action::none);
    EXPECT_EQ(states.state(), State::idle);
    EXPECT_EQ(states.crashes(), 0U);
}

TEST_F(StatesTest, a_viewer_in_time_cancels_the_stop) {
    run();
    leave();
    now += 29 * kSecond;
    EXPECT_EQ(join(), Action::none);
    EXPECT_FALSE(states.due_ns());
    EXPECT_EQ(states.tick(now + 100 * kSecond), Action::none);
    EXPECT_EQ(states.state(), State::running);
}

TEST_F(StatesTest, one_that_comes_and_goes_before_any_media_stops_it_too) {
    EXPECT_EQ(join(), Action::start);
    leave();
    EXPECT_EQ(wait(), Action::terminate);
}

TEST_F(StatesTest, a_timeout_of_zero_stops_at_once) {
    States at_once(RunOptions{.shutdown_timeout = std::chrono::milliseconds(0)});
    EXPECT_EQ(at_once.viewers(1, true, now), Action::start);
    EXPECT_EQ(at_once.viewers(0, false, now), Action::none);
    EXPECT_EQ(at_once.tick(now), Action::terminate);
}

TEST_F(StatesTest, what_ignores_the_first_signal_gets_the_second_five_seconds_later) {
    run();
    leave();
    EXPECT_EQ(wait(), Action::terminate);
    const std::int64_t terminated = now;
    EXPECT_EQ(wait(), Action::kill);
    EXPECT_EQ(now - terminated, 5 * kSecond);
    EXPECT_FALSE(states.due_ns());
    EXPECT_EQ(states.state(), State::stopping) << "until it is gone";
}

TEST_F(StatesTest, a_viewer_who_comes_while_it_stops_has_it_started_again_once_it_is_gone) {
    run();
    leave();
    EXPECT_EQ(wait(), Action::terminate);
    EXPECT_EQ(join(), Action::none);
    EXPECT_EQ(wait(), Action::kill) << "the new viewer does not spare it";
    EXPECT_EQ(states.exited(now), Action::start);
    EXPECT_EQ(states.restarts(), 0U) << "that was no crash";
}

TEST_F(StatesTest, a_crash_is_followed_by_a_restart_each_one_later_than_the_one_before) {
    States patient(RunOptions{.crash_threshold = 100, .crash_window = std::chrono::hours(1)});
    EXPECT_EQ(patient.viewers(1, true, now), Action::start);
    for (const std::int64_t seconds : {1, 2, 4, 8, 16, 30, 30}) {
        EXPECT_EQ(patient.exited(now), Action::none);
        EXPECT_EQ(patient.state(), State::backing_off);
        EXPECT_EQ(*patient.due_ns(), now + seconds * kSecond);
        now = *patient.due_ns();
        EXPECT_EQ(patient.tick(now), Action::start);
    }
    EXPECT_EQ(patient.restarts(), 7U);
}

TEST_F(StatesTest, a_crash_that_is_long_ago_is_forgotten) {
    run();
    for (int i = 0; i < 10; ++i) {
        now += 60 * kSecond;
        EXPECT_EQ(crash(), Action::none);
        EXPECT_EQ(*states.due_ns(), now + kSecond) << i;
        EXPECT_EQ(wait(), Action::start);
    }
}

TEST_F(StatesTest, too_many_crashes_within_the_window_keep_it_down) {
    fail();
    EXPECT_FALSE(states.due_ns());
    EXPECT_EQ(states.crashes(), 3U);
    EXPECT_EQ(states.restarts(), 2U);
    now += 59 * kSecond;
    EXPECT_EQ(join(), Action::none) << "too early";
    EXPECT_EQ(states.state(), State::failed);
    now += kSecond;
    EXPECT_EQ(leave(), Action::none) << "a viewer who goes is no reason";
    EXPECT_EQ(join(), Action::start);
    EXPECT_EQ(states.crashes(), 0U);
}

TEST_F(StatesTest, after_the_window_a_viewer_counts_though_another_left_meanwhile) {
    fail();
    now += 60 * kSecond;
    EXPECT_EQ(states.viewers(1, /*has_joined=*/true, now), Action::start);
}

TEST_F(StatesTest, a_threshold_of_one_allows_no_restart) {
    States strict(RunOptions{.crash_threshold = 1});
    EXPECT_EQ(strict.viewers(1, true, now), Action::start);
    EXPECT_EQ(strict.exited(now), Action::none);
    EXPECT_EQ(strict.state(), State::failed);
}

TEST_F(StatesTest, nobody_is_restarted_for_nobody) {
    run();
    leave();
    now += kSecond;
    EXPECT_EQ(crash(), Action::none);
    EXPECT_EQ(states.state(), State::idle);
    EXPECT_FALSE(states.due_ns());
}

TEST_F(StatesTest, a_viewer_who_leaves_and_comes_back_skips_no_wait) {
    EXPECT_EQ(join(), Action::start);
    EXPECT_EQ(crash(), Action::none);
    EXPECT_EQ(leave(), Action::none);
    EXPECT_EQ(states.state(), State::idle);
    EXPECT_EQ(join(), Action::none);
    EXPECT_EQ(states.state(), State::backing_off);
    EXPECT_EQ(*states.due_ns(), now + kSecond);
    EXPECT_EQ(wait(), Action::start);
}

TEST_F(StatesTest, restart_begins_anew_whatever_it_was_doing) {
    run();
    EXPECT_EQ(states.restart(now), Action::terminate);
    EXPECT_EQ(states.restart(now), Action::none);
    EXPECT_EQ(states.exited(now), Action::start);
    EXPECT_EQ(crash(), Action::none);
    EXPECT_EQ(states.restart(now), Action::start) << "without the wait";
}

TEST_F(StatesTest, restart_brings_a_failed_one_up_if_somebody_watches) {
    fail();
    EXPECT_EQ(states.restart(now), Action::start);
}

TEST_F(StatesTest, restart_makes_a_failed_one_ready_if_nobody_watches) {
    fail();
    leave();
    EXPECT_EQ(states.restart(now), Action::none);
    EXPECT_EQ(states.state(), State::idle);
    EXPECT_EQ(join(), Action::start);
}

}  // namespace
}  // namespace st::source
