#include "loop/event_loop.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "loop/loop_thread.h"

namespace st::loop {
namespace {

using std::chrono::milliseconds;

TEST(EventLoop, runs_posted_tasks_in_order_and_all_of_them_before_it_ends) {
    std::vector<int> seen;
    {
        LoopThread thread("test");
        for (int i = 0; i < 100; ++i) thread.loop().post([&seen, i] { seen.push_back(i); });
    }
    ASSERT_EQ(seen.size(), 100U);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST(EventLoop, a_task_that_throws_costs_itself_alone) {
    std::vector<std::string> failures;
    std::vector<std::string> ran;
    const auto fail = [](const char* what) { throw std::runtime_error(what); };
    EventLoop loop;
    loop.post([&] { fail("posted"); });
    loop.post([&] { ran.push_back("posted"); });
    loop.defer([&] { fail("deferred"); });
    loop.defer([&] { ran.push_back("deferred"); });
    loop.after(milliseconds(0), [&] { fail("timer"); });
    loop.after(milliseconds(1), [&] {
        ran.push_back("timer");
        loop.stop();
    });
    loop.run([&](std::string_view what) { failures.emplace_back(what); });
    EXPECT_EQ(failures, (std::vector<std::string>{"deferred", "posted", "timer"}));
    EXPECT_EQ(ran, (std::vector<std::string>{"deferred", "posted", "timer"}));
}

TEST(EventLoop, without_a_handler_an_exception_comes_out_of_run) {
    EventLoop loop;
    loop.post([] { throw std::runtime_error("no memory"); });
    EXPECT_THROW(loop.run(), std::runtime_error);
}

TEST(EventLoop, a_task_may_post_another) {
    EventLoop loop;
    int steps = 0;
    loop.post([&] {
        ++steps;
        loop.post([&] {
            ++steps;
            loop.stop();
        });
    });
    loop.run();
    EXPECT_EQ(steps, 2);
}

TEST(EventLoop, timers_fire_in_order_of_their_due_time_and_not_when_cancelled) {
    EventLoop loop;
    std::vector<int> fired;
    loop.after(milliseconds(30), [&] {
        fired.push_back(3);
        loop.stop();
    });
    loop.after(milliseconds(1), [&] { fired.push_back(1); });
    const TimerId cancelled = loop.after(milliseconds(2), [&] { fired.push_back(2); });
    loop.cancel(cancelled);
    loop.cancel(cancelled);
    loop.cancel(12345);
    loop.run();
    EXPECT_EQ(fired, (std::vector<int>{1, 3}));
}

TEST(EventLoop, a_timer_may_cancel_another_that_is_due) {
    EventLoop loop;
    int fired = 0;
    TimerId second = 0;
    loop.after(milliseconds(0), [&] {
        ++fired;
        loop.cancel(second);
        loop.after(milliseconds(5), [&] { loop.stop(); });
    });
    second = loop.after(milliseconds(0), [&] { fired += 100; });
    loop.run();
    EXPECT_EQ(fired, 1);
}

TEST(EventLoop, retired_objects_live_until_the_turn_ends) {
    EventLoop loop;
    const auto object = std::make_shared<int>(7);
    const std::weak_ptr<int> watch = object;
    bool alive_in_turn = false;
    loop.post([&, held = object]() mutable {
        loop.retire(std::move(held));
        alive_in_turn = !watch.expired();
        loop.after(milliseconds(0), [&] { loop.stop(); });
    });
    loop.run();
    EXPECT_TRUE(alive_in_turn);
}

TEST(BusyStats, sorts_turns_into_buckets) {
    BusyStats stats;
    stats.add(50'000);       // 50 us
    stats.add(19'000'000);   // 19 ms
    stats.add(900'000'000);  // 0.9 s: past the last bound
    EXPECT_EQ(stats.turns[0], 1U);
    EXPECT_EQ(stats.turns[5], 1U);
    EXPECT_EQ(stats.turns[BusyStats::kBoundsUs.size()], 1U);
    EXPECT_EQ(stats.busy_max_ns, 900'000'000U);
}

}  // namespace
}  // namespace st::loop
