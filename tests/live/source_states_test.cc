#include "live/source_states.h"

#include <gtest/gtest.h>

namespace st::live {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

/// Three crashes in 60 s, 30 s of patience.
class StatesTest : public ::testing::Test {
 protected:
    SourceAction join() { return states.viewers(states.viewer_count() + 1, true, now); }
    SourceAction leave() { return states.viewers(states.viewer_count() - 1, false, now); }
    SourceAction crash() { return states.exited(now, true); }
    /// It says that there is no camera, say.
    SourceAction end() { return states.exited(now, false); }
    /// To its next due time and past it.
    SourceAction wait() {
        EXPECT_TRUE(states.due_ns());
        now = states.due_ns().value_or(now);
        EXPECT_EQ(states.tick(now - 1), SourceAction::none);
        return states.tick(now);
    }
    void run() {
        EXPECT_EQ(join(), SourceAction::start);
        states.media(now);
        ASSERT_EQ(states.state(), SourceState::running);
    }
    /// Three crashes, with a viewer watching.
    void fail() {
        EXPECT_EQ(join(), SourceAction::start);
        EXPECT_EQ(crash(), SourceAction::none);
        EXPECT_EQ(wait(), SourceAction::start);
        EXPECT_EQ(crash(), SourceAction::none);
        EXPECT_EQ(wait(), SourceAction::start);
        EXPECT_EQ(crash(), SourceAction::none);
        ASSERT_EQ(states.state(), SourceState::failed);
    }

    std::int64_t now = 1000 * kSecond;
    SourceStates states{SourceRunOptions{}};
};

TEST_F(StatesTest, the_first_viewer_starts_it_and_the_second_does_not) {
    EXPECT_EQ(states.state(), SourceState::idle);
    EXPECT_EQ(join(), SourceAction::start);
    EXPECT_EQ(states.state(), SourceState::starting);
    EXPECT_EQ(join(), SourceAction::none);
    states.media(now);
    EXPECT_EQ(states.state(), SourceState::running);
    EXPECT_FALSE(states.due_ns());
}

TEST_F(StatesTest, it_stops_only_after_the_time_the_last_viewer_left) {
    run();
    join();
    EXPECT_EQ(leave(), SourceAction::none);
    EXPECT_FALSE(states.due_ns()) << "one still watches";
    EXPECT_EQ(leave(), SourceAction::none);
    EXPECT_EQ(*states.due_ns(), now + 30 * kSecond);
    EXPECT_EQ(wait(), SourceAction::terminate);
    EXPECT_EQ(states.state(), SourceState::stopping);
    EXPECT_EQ(states.exited(now, false), SourceAction::none);
    EXPECT_EQ(states.state(), SourceState::idle);
    EXPECT_EQ(states.crashes(), 0U);
}

TEST_F(StatesTest, a_viewer_in_time_cancels_the_stop) {
    run();
    leave();
    now += 29 * kSecond;
    EXPECT_EQ(join(), SourceAction::none);
    EXPECT_FALSE(states.due_ns());
    EXPECT_EQ(states.tick(now + 100 * kSecond), SourceAction::none);
    EXPECT_EQ(states.state(), SourceState::running);
}

TEST_F(StatesTest, one_that_comes_and_goes_before_any_media_stops_it_too) {
    EXPECT_EQ(join(), SourceAction::start);
    leave();
    EXPECT_EQ(wait(), SourceAction::terminate);
}

TEST_F(StatesTest, a_timeout_of_zero_stops_at_once) {
    SourceStates at_once(SourceRunOptions{.shutdown_timeout = std::chrono::milliseconds(0)});
    EXPECT_EQ(at_once.viewers(1, true, now), SourceAction::start);
    EXPECT_EQ(at_once.viewers(0, false, now), SourceAction::none);
    EXPECT_EQ(at_once.tick(now), SourceAction::terminate);
}

TEST_F(StatesTest, what_ignores_the_first_signal_gets_the_second_five_seconds_later) {
    run();
    leave();
    EXPECT_EQ(wait(), SourceAction::terminate);
    const std::int64_t terminated = now;
    EXPECT_EQ(wait(), SourceAction::kill);
    EXPECT_EQ(now - terminated, 5 * kSecond);
    EXPECT_FALSE(states.due_ns());
    EXPECT_EQ(states.state(), SourceState::stopping) << "until it is gone";
}

TEST_F(StatesTest, a_viewer_who_comes_while_it_stops_has_it_started_again_once_it_is_gone) {
    run();
    leave();
    EXPECT_EQ(wait(), SourceAction::terminate);
    EXPECT_EQ(join(), SourceAction::none);
    EXPECT_EQ(wait(), SourceAction::kill) << "the new viewer does not spare it";
    EXPECT_EQ(states.exited(now, false), SourceAction::start);
    EXPECT_EQ(states.restarts(), 0U) << "that was no crash";
}

TEST_F(StatesTest, a_crash_is_followed_by_a_restart_each_one_later_than_the_one_before) {
    SourceStates patient(
        SourceRunOptions{.crash_threshold = 100, .crash_window = std::chrono::hours(1)});
    EXPECT_EQ(patient.viewers(1, true, now), SourceAction::start);
    for (const std::int64_t seconds : {1, 2, 4, 8, 16, 30, 30}) {
        EXPECT_EQ(patient.exited(now, true), SourceAction::none);
        EXPECT_EQ(patient.state(), SourceState::backing_off);
        EXPECT_EQ(*patient.due_ns(), now + seconds * kSecond);
        now = *patient.due_ns();
        EXPECT_EQ(patient.tick(now), SourceAction::start);
    }
    EXPECT_EQ(patient.restarts(), 7U);
}

TEST_F(StatesTest, a_crash_that_is_long_ago_is_forgotten) {
    run();
    for (int i = 0; i < 10; ++i) {
        now += 60 * kSecond;
        EXPECT_EQ(crash(), SourceAction::none);
        EXPECT_EQ(*states.due_ns(), now + kSecond) << i;
        EXPECT_EQ(wait(), SourceAction::start);
        states.media(now);
    }
}

TEST_F(StatesTest, one_that_is_not_there_is_tried_again_for_as_long_as_somebody_watches) {
    EXPECT_EQ(join(), SourceAction::start);
    for (const std::int64_t seconds : {1, 2, 4, 8, 16, 30, 30, 30, 30, 30}) {
        EXPECT_EQ(end(), SourceAction::none);
        ASSERT_EQ(states.state(), SourceState::backing_off);
        EXPECT_EQ(*states.due_ns(), now + seconds * kSecond);
        EXPECT_EQ(wait(), SourceAction::start);
    }
    EXPECT_EQ(states.crashes(), 0U);
    EXPECT_EQ(states.restarts(), 10U);
    states.media(now);
    EXPECT_EQ(states.state(), SourceState::running);
}

TEST_F(StatesTest, one_that_ran_well_is_tried_again_soon) {
    run();
    for (int i = 0; i < 5; ++i) {
        now += 10 * kSecond;
        EXPECT_EQ(end(), SourceAction::none);
        EXPECT_EQ(*states.due_ns(), now + kSecond) << i;
        EXPECT_EQ(wait(), SourceAction::start);
        states.media(now);
    }
}

TEST_F(StatesTest, one_that_gives_a_moment_of_pictures_each_time_is_tried_less_and_less_often) {
    run();
    for (const std::int64_t seconds : {1, 2, 4, 8, 16, 30}) {
        now += kSecond;
        EXPECT_EQ(end(), SourceAction::none);
        EXPECT_EQ(*states.due_ns(), now + seconds * kSecond);
        EXPECT_EQ(wait(), SourceAction::start);
        states.media(now);
    }
}

TEST_F(StatesTest, crashes_count_though_it_ends_in_other_ways_between) {
    EXPECT_EQ(join(), SourceAction::start);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(crash(), SourceAction::none);
        EXPECT_EQ(wait(), SourceAction::start);
        EXPECT_EQ(end(), SourceAction::none);
        EXPECT_EQ(wait(), SourceAction::start);
    }
    EXPECT_EQ(crash(), SourceAction::none);
    EXPECT_EQ(states.state(), SourceState::failed);
}

TEST_F(StatesTest, too_many_crashes_within_the_window_keep_it_down) {
    fail();
    EXPECT_FALSE(states.due_ns());
    EXPECT_EQ(states.crashes(), 3U);
    EXPECT_EQ(states.restarts(), 2U);
    now += 59 * kSecond;
    EXPECT_EQ(join(), SourceAction::none) << "too early";
    EXPECT_EQ(states.state(), SourceState::failed);
    now += kSecond;
    EXPECT_EQ(leave(), SourceAction::none) << "a viewer who goes is no reason";
    EXPECT_EQ(join(), SourceAction::start);
    EXPECT_EQ(states.crashes(), 0U);
}

TEST_F(StatesTest, after_the_window_a_viewer_counts_though_another_left_meanwhile) {
    fail();
    now += 60 * kSecond;
    EXPECT_EQ(states.viewers(1, /*has_joined=*/true, now), SourceAction::start);
}

TEST_F(StatesTest, a_threshold_of_one_allows_no_restart) {
    SourceStates strict(SourceRunOptions{.crash_threshold = 1});
    EXPECT_EQ(strict.viewers(1, true, now), SourceAction::start);
    EXPECT_EQ(strict.exited(now, true), SourceAction::none);
    EXPECT_EQ(strict.state(), SourceState::failed);
}

TEST_F(StatesTest, nobody_is_restarted_for_nobody) {
    run();
    leave();
    now += kSecond;
    EXPECT_EQ(crash(), SourceAction::none);
    EXPECT_EQ(states.state(), SourceState::idle);
    EXPECT_FALSE(states.due_ns());
}

TEST_F(StatesTest, a_viewer_who_leaves_and_comes_back_skips_no_wait) {
    EXPECT_EQ(join(), SourceAction::start);
    EXPECT_EQ(crash(), SourceAction::none);
    EXPECT_EQ(leave(), SourceAction::none);
    EXPECT_EQ(states.state(), SourceState::idle);
    EXPECT_EQ(join(), SourceAction::none);
    EXPECT_EQ(states.state(), SourceState::backing_off);
    EXPECT_EQ(*states.due_ns(), now + kSecond);
    EXPECT_EQ(wait(), SourceAction::start);
}

TEST_F(StatesTest, restart_begins_anew_whatever_it_was_doing) {
    run();
    EXPECT_EQ(states.restart(now), SourceAction::terminate);
    EXPECT_EQ(states.restart(now), SourceAction::none);
    EXPECT_EQ(states.exited(now, false), SourceAction::start);
    EXPECT_EQ(crash(), SourceAction::none);
    EXPECT_EQ(states.restart(now), SourceAction::start) << "without the wait";
}

TEST_F(StatesTest, restart_brings_a_failed_one_up_if_somebody_watches) {
    fail();
    EXPECT_EQ(states.restart(now), SourceAction::start);
}

TEST_F(StatesTest, restart_makes_a_failed_one_ready_if_nobody_watches) {
    fail();
    leave();
    EXPECT_EQ(states.restart(now), SourceAction::none);
    EXPECT_EQ(states.state(), SourceState::idle);
    EXPECT_EQ(join(), SourceAction::start);
}

}  // namespace
}  // namespace st::live
