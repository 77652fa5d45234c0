#include "loop/task_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <stdexcept>

namespace st::loop {
namespace {

using std::chrono::seconds;

TEST(TaskPool, a_quick_task_never_waits_for_slow_ones) {
    std::promise<void> gate;
    const std::shared_future<void> opened = gate.get_future().share();
    std::atomic<int> slow_done{0};
    TaskPool pool("test", 3, {});
    for (int i = 0; i < 20; ++i) {
        pool.post(Effort::slow, [opened, &slow_done] {
            opened.wait();
            ++slow_done;
        });
    }
    for (int i = 0; i < 3; ++i) {
        std::promise<void> done;
        auto answered = done.get_future();
        pool.post(Effort::quick, [&done] { done.set_value(); });
        ASSERT_EQ(answered.wait_for(seconds(60)), std::future_status::ready);
    }
    EXPECT_EQ(slow_done, 0);
    gate.set_value();
    pool.stop();
    EXPECT_EQ(slow_done, 20) << "what was posted is done before the pool ends";
}

TEST(TaskPool, a_slow_task_does_not_wait_until_nothing_quick_is_left) {
    std::atomic<bool> is_over{false};
    TaskPool pool("test", 2, {});
    // As many downloads do: each asks for its next piece when it has one.
    std::function<void()> next_piece = [&] {
        if (!is_over) pool.post(Effort::quick, next_piece);
    };
    for (int i = 0; i < 20; ++i) pool.post(Effort::quick, next_piece);
    for (int i = 0; i < 3; ++i) {
        std::promise<void> done;
        pool.post(Effort::slow, [&done] { done.set_value(); });
        EXPECT_EQ(done.get_future().wait_for(seconds(60)), std::future_status::ready);
    }
    is_over = true;
    pool.stop();
}

TEST(TaskPool, tells_of_exceptions_and_goes_on) {
    std::promise<std::string> told;
    TaskPool pool("test", 2, [&](std::string_view what) { told.set_value(std::string(what)); });
    pool.post(Effort::slow, [] { throw std::runtime_error("disk on fire"); });
    EXPECT_EQ(told.get_future().get(), "disk on fire");
    std::promise<void> done;
    pool.post(Effort::slow, [&] { done.set_value(); });
    EXPECT_EQ(done.get_future().wait_for(seconds(60)), std::future_status::ready);
}

TEST(TaskPool, with_a_limit_drops_slow_tasks_that_have_not_begun) {
    std::promise<void> begun;
    std::promise<void> gate;
    std::atomic<int> slow_done{0};
    std::atomic<int> quick_done{0};
    TaskPool pool("test", 2, {});
    pool.post(Effort::slow, [&] {
        begun.set_value();
        gate.get_future().wait();
        ++slow_done;
    });
    begun.get_future().wait();
    for (int i = 0; i < 20; ++i) {
        pool.post(Effort::slow, [&] { ++slow_done; });
        pool.post(Effort::quick, [&] { ++quick_done; });
    }
    EXPECT_FALSE(pool.stop(std::chrono::steady_clock::now() + std::chrono::milliseconds(20)));
    gate.set_value();
    EXPECT_TRUE(pool.stop(std::chrono::steady_clock::now() + seconds(60)));
    EXPECT_EQ(slow_done, 1);
    EXPECT_EQ(quick_done, 20);
}

TEST(TaskPool, without_tasks_is_not_late_however_late_it_is) {
    const auto past = std::chrono::steady_clock::now() - seconds(60);
    for (int i = 0; i < 50; ++i) {
        TaskPool pool("test", 4, {});
        EXPECT_TRUE(pool.stop(past));
    }
    std::promise<void> done;
    TaskPool pool("test", 2, {});
    pool.post(Effort::slow, [&] { done.set_value(); });
    done.get_future().wait();
    EXPECT_TRUE(pool.stop(std::chrono::steady_clock::now() + seconds(60))) << "nor after them";
}

TEST(TaskPool, that_is_late_is_so_for_a_task_that_runs) {
    std::promise<void> begun;
    std::promise<void> gate;
    TaskPool pool("test", 2, {});
    pool.post(Effort::quick, [&] {
        begun.set_value();
        gate.get_future().wait();
    });
    begun.get_future().wait();
    EXPECT_FALSE(pool.stop(std::chrono::steady_clock::now() - seconds(60)));
    gate.set_value();
}

TEST(TaskPool, takes_nothing_more_once_it_has_stopped) {
    TaskPool pool("test", 2, {});
    pool.stop();
    pool.post(Effort::quick, [] { FAIL(); });
    pool.stop();
}

}  // namespace
}  // namespace st::loop
