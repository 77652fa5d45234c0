#include "streamd/watchdog.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "loop/event_loop.h"

namespace st::streamd {
namespace {

std::int64_t g_now_ns = 0;
std::int64_t now_ns() { return g_now_ns; }

using std::chrono::microseconds;
using std::chrono::seconds;

struct WatchdogTest : testing::Test {
    WatchdogTest() { g_now_ns = 1'000'000'000; }

    void pass(seconds time) {
        g_now_ns += std::chrono::nanoseconds(time).count();
        control.run_once();
    }
    void answer() {
        ASSERT_TRUE(question);
        std::exchange(question, nullptr)();
    }

    loop::EventLoop control{now_ns};
    std::function<void()> question;
    int told = 0;
    std::optional<Watchdog> watchdog;

    void start() {
        watchdog.emplace(
            control, seconds(30),
            [this](std::function<void()> done) { question = std::move(done); }, [this] { ++told; });
    }
};

TEST_F(WatchdogTest, tells_only_once_every_loop_has_answered) {
    start();
    EXPECT_EQ(told, 0);
    answer();
    EXPECT_EQ(told, 1);
}

TEST_F(WatchdogTest, asks_again_after_the_interval) {
    start();
    answer();
    pass(seconds(29));
    EXPECT_FALSE(question);
    pass(seconds(1));
    answer();
    EXPECT_EQ(told, 2);
}

TEST_F(WatchdogTest, is_silent_while_a_loop_does_not_answer) {
    start();
    answer();
    pass(seconds(30));
    pass(seconds(3000));
    EXPECT_EQ(told, 1);
}

TEST_F(WatchdogTest, an_answer_after_its_end_is_ignored) {
    start();
    watchdog.reset();
    answer();
    EXPECT_EQ(told, 0);
}

struct WatchdogInterval : testing::Test {
    ~WatchdogInterval() override {
        ::unsetenv("WATCHDOG_USEC");
        ::unsetenv("WATCHDOG_PID");
    }
};

TEST_F(WatchdogInterval, is_half_of_what_the_manager_allows) {
    ::setenv("WATCHDOG_USEC", "60000000", 1);
    EXPECT_EQ(watchdog_interval(), microseconds(30'000'000));
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    EXPECT_EQ(watchdog_interval(), microseconds(30'000'000));
}

TEST_F(WatchdogInterval, is_none_where_nobody_watches_this_process) {
    EXPECT_EQ(watchdog_interval(), std::nullopt);
    for (const char* odd : {"", "0", "1", "-5", "12x", "99999999999999999999"}) {
        ::setenv("WATCHDOG_USEC", odd, 1);
        EXPECT_EQ(watchdog_interval(), std::nullopt) << odd;
    }
    ::setenv("WATCHDOG_USEC", "60000000", 1);
    ::setenv("WATCHDOG_PID", "1", 1);
    EXPECT_EQ(watchdog_interval(), std::nullopt);
}

}  // namespace
}  // namespace st::streamd
