#include "worker/pool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "base/clock.h"
#include "support/log_lines.h"

namespace st::worker {
namespace {

using namespace std::chrono_literals;

PoolOptions options_of(std::string how = "") {
    PoolOptions options;
    options.command = {ST_FAKE_HELPER};
    if (!how.empty()) options.command.push_back(std::move(how));
    return options;
}

Job job_of(std::string name, std::string request = "", std::span<const int> fds = {}) {
    Job job;
    job.name = std::move(name);
    job.request = std::move(request);
    job.fds = fds;
    return job;
}

Fault fault_of(const JobResult& result) {
    EXPECT_FALSE(result.answer.ok());
    return result.answer.ok() ? Fault::refused : result.answer.error().fault;
}

std::string pid_of(Pool& pool) { return *pool.run(job_of("pid")).answer; }

bool is_gone(const std::string& pid) { return ::kill(std::stoi(pid), 0) != 0; }

template <class Condition>
bool comes_true(Condition&& condition) {
    for (int i = 0; i < 2000; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(5ms);
    }
    return false;
}

TEST(Pool, gives_one_helper_one_job_after_another) {
    Pool pool(options_of(), Log());
    const std::string pid = pid_of(pool);
    for (int i = 0; i < 20; ++i) {
        const auto result = pool.run(job_of("echo", std::to_string(i)));
        ASSERT_TRUE(result.answer.ok()) << result.answer.error().message;
        EXPECT_EQ(*result.answer, std::to_string(i));
    }
    EXPECT_EQ(pid_of(pool), pid);
    EXPECT_EQ(pool.status().started, 1U);
}

TEST(Pool, starts_a_helper_before_it_is_needed) {
    const Pool pool(options_of(), Log());
    EXPECT_TRUE(comes_true([&] { return pool.status().idle == 1; }));
}

TEST(Pool, hands_over_descriptors_and_no_others) {
    Pool pool(options_of(), Log());
    const Fd file(::memfd_create("test", MFD_CLOEXEC));
    ASSERT_EQ(::write(file.get(), "from us", 7), 7);
    ASSERT_EQ(::lseek(file.get(), 0, SEEK_SET), 0);
    const std::array<int, 1> fds{file.get()};
    EXPECT_EQ(*pool.run(job_of("read", "", fds)).answer, "from us");
    EXPECT_EQ(*pool.run(job_of("write", " and back", fds)).answer, "9");
    ASSERT_EQ(::lseek(file.get(), 0, SEEK_SET), 0);
    EXPECT_EQ(*pool.run(job_of("read", "", fds)).answer, "from us and back");
    // Standard input, output and error; what jobs brought is closed again.
    EXPECT_EQ(*pool.run(job_of("descriptors")).answer, "3");
}

TEST(Pool, a_refusal_is_an_answer_and_the_helper_stays) {
    Pool pool(options_of(), Log());
    const std::string pid = pid_of(pool);
    const auto refused = pool.run(job_of("refuse", "no picture in it"));
    EXPECT_EQ(fault_of(refused), Fault::refused);
    EXPECT_EQ(refused.answer.error().message, "no picture in it");
    EXPECT_EQ(pid_of(pool), pid);
}

TEST(Pool, a_crash_is_an_error_and_another_helper_takes_its_place) {
    Pool pool(options_of(), Log());
    const std::string pid = pid_of(pool);
    const auto crashed = pool.run(job_of("crash"));
    EXPECT_EQ(fault_of(crashed), Fault::died);
    // The address sanitizer's own end is exit code 1, the thread sanitizer's 66.
    const std::string how = is_sanitized() ? "exit code" : "SIGSEGV";
    EXPECT_NE(crashed.answer.error().message.find(how), std::string::npos)
        << crashed.answer.error().message;
    EXPECT_EQ(fault_of(pool.run(job_of("leave"))), Fault::died);
    EXPECT_NE(pid_of(pool), pid);
    EXPECT_TRUE(is_gone(pid));
    EXPECT_EQ(pool.status().replaced, 2U);
}

std::string last_words(std::string_view said) {
    Pool pool(options_of(), Log());
    const auto died = pool.run(job_of("fail", std::string(said)));
    EXPECT_EQ(fault_of(died), Fault::died);
    return died.answer.error().message;
}

TEST(Pool, a_helper_that_dies_is_quoted_with_its_last_line) {
    const std::string how = "a helper died: exit code 7";
    EXPECT_EQ(last_words(""), how);
    EXPECT_EQ(last_words(" \n\n"), how);
    EXPECT_EQ(last_words("no memory"), how + ": no memory");
    EXPECT_EQ(last_words("reading\n  no memory \r\n\n"), how + ": no memory");
    EXPECT_EQ(last_words("no\x1b[2Jmemory\xff\n"), how + ": no\uFFFD[2Jmemory\uFFFD");
    EXPECT_EQ(last_words(std::string(9'000, 'x')), how + ": " + std::string(200, 'x'));
}

TEST(Pool, what_was_said_in_an_earlier_job_is_not_why_a_helper_dies) {
    Pool pool(options_of(), Log());
    ASSERT_TRUE(pool.run(job_of("say", "odd input\n")).answer.ok());
    EXPECT_EQ(pool.run(job_of("leave")).answer.error().message, "a helper died: exit code 7");
}

TEST(Pool, a_helper_that_says_too_much_is_not_kept_from_dying) {
    Pool pool(options_of(), Log());
    const auto died = pool.run(job_of("despair", "no memory\n"));
    EXPECT_EQ(fault_of(died), Fault::died);
    EXPECT_TRUE(died.answer.error().message.ends_with("(Aborted): no memory"))
        << died.answer.error().message;
}

TEST(Pool, a_helper_that_does_not_start_is_quoted_too) {
    Pool pool(options_of("complain"), Log());
    const auto result = pool.run(job_of("echo"));
    EXPECT_EQ(fault_of(result), Fault::unavailable);
    EXPECT_TRUE(result.answer.error().message.ends_with("exit code 3: no codec"))
        << result.answer.error().message;
}

TEST(Pool, an_answer_that_makes_no_sense_is_a_fault) {
    Pool pool(options_of(), Log());
    const std::string pid = pid_of(pool);
    EXPECT_EQ(fault_of(pool.run(job_of("nonsense"))), Fault::died);
    EXPECT_NE(pid_of(pool), pid);
    EXPECT_EQ(pool.run(job_of("long")).answer->size(), (std::size_t{64} << 10) - 1);
}

TEST(Pool, time_by_the_clock_is_limited) {
    Pool pool(options_of(), Log());
    Job job = job_of("hang");
    job.limits.elapsed = 50ms;
    const auto slow = pool.run(job);
    EXPECT_EQ(fault_of(slow), Fault::too_slow);
    EXPECT_EQ(slow.answer.error().message, "a helper ran out of time");
    EXPECT_LT(slow.cpu, 1s);
    EXPECT_EQ(*pool.run(job_of("echo", "next")).answer, "next");
}

TEST(Pool, a_helper_that_is_too_slow_is_quoted_too) {
    Pool pool(options_of(), Log());
    Job job = job_of("hang", "waiting for a lock\n");
    job.limits.elapsed = 200ms;
    EXPECT_EQ(pool.run(job).answer.error().message, "a helper ran out of time: waiting for a lock");
}

TEST(Pool, time_on_the_processor_is_limited_and_counted) {
    Pool pool(options_of(), Log());
    Job job = job_of("spin");
    job.limits.cpu = 60ms;
    const auto slow = pool.run(job);
    EXPECT_EQ(fault_of(slow), Fault::too_slow);
    EXPECT_GE(slow.cpu, 60ms);
    EXPECT_LT(pool.run(job_of("echo", "next")).cpu, 60ms) << "counted anew for each job";
}

TEST(Pool, a_job_is_cancelled_while_it_runs) {
    Pool pool(options_of(), Log());
    std::stop_source stop;
    Job job = job_of("hang");
    job.cancel = stop.get_token();
    const std::jthread canceller([&] {
        comes_true([&] { return pool.status().busy == 1; });
        stop.request_stop();
    });
    EXPECT_EQ(fault_of(pool.run(job)), Fault::cancelled);
    EXPECT_EQ(*pool.run(job_of("echo", "next")).answer, "next");
}

TEST(Pool, a_job_is_cancelled_while_it_waits_for_a_helper) {
    PoolOptions options = options_of();
    options.helpers_max = 1;
    Pool pool(options, Log());
    std::stop_source stop;
    Job hanging = job_of("hang");
    hanging.cancel = stop.get_token();
    const std::jthread other([&] { (void)pool.run(hanging); });
    ASSERT_TRUE(comes_true([&] { return pool.status().busy == 1; }));
    std::stop_source stop_waiting;
    Job waiting = job_of("echo");
    waiting.cancel = stop_waiting.get_token();
    const std::jthread canceller([&] { stop_waiting.request_stop(); });
    EXPECT_EQ(fault_of(pool.run(waiting)), Fault::cancelled);
    stop.request_stop();
}

TEST(Pool, a_helper_is_replaced_after_so_many_jobs) {
    PoolOptions options = options_of();
    options.jobs_max = 3;
    Pool pool(options, Log());
    std::set<std::string> pids;
    for (int i = 0; i < 9; ++i) pids.insert(pid_of(pool));
    EXPECT_EQ(pids.size(), 3U);
    EXPECT_EQ(pool.status().replaced, 0U) << "none of them was at fault";
}

TEST(Pool, more_jobs_than_helpers_wait) {
    PoolOptions options = options_of();
    options.helpers_max = 2;
    Pool pool(options, Log());
    std::atomic<int> done{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&] {
                for (int k = 0; k < 20; ++k) done += pool.run(job_of("echo", "x")).answer.ok();
            });
        }
    }
    EXPECT_EQ(done, 160);
    EXPECT_LE(pool.status().started, 2U);
}

TEST(Pool, a_helper_that_was_killed_while_idle_costs_no_job) {
    Pool pool(options_of(), Log());
    for (int i = 0; i < 3; ++i) {
        const int pid = std::stoi(pid_of(pool));
        ::kill(pid, SIGKILL);
        // It is a zombie until the pool looks, and its socket is closed.
        siginfo_t dead{};
        ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &dead, WEXITED | WNOWAIT), 0);
        EXPECT_EQ(*pool.run(job_of("echo", "x")).answer, "x");
    }
}

TEST(Pool, a_program_that_does_not_start_is_said_once_and_is_no_fault_of_the_input) {
    const auto lines = std::make_shared<test::LogLines>();
    for (const auto& command : {std::vector<std::string>{"/no/such/helper"},
                                options_of("exit").command, options_of("stranger").command}) {
        PoolOptions options;
        options.command = command;
        Pool pool(options, Log(lines));
        for (int i = 0; i < 3; ++i) {
            const auto result = pool.run(job_of("echo"));
            EXPECT_EQ(fault_of(result), Fault::unavailable);
            EXPECT_NE(result.answer.error().message.find(command.front()), std::string::npos);
        }
    }
    EXPECT_EQ(lines->lines().size(), 3U) << ::testing::PrintToString(lines->lines());
}

TEST(Pool, a_helper_that_never_greets_is_given_up) {
    PoolOptions options = options_of("mute");
    options.start_patience = 50ms;
    Pool pool(options, Log());
    EXPECT_EQ(fault_of(pool.run(job_of("echo"))), Fault::unavailable);
}

TEST(Pool, what_a_helper_says_of_itself_is_logged) {
    const auto lines = std::make_shared<test::LogLines>();
    Pool pool(options_of("remark"), Log(lines));
    EXPECT_EQ(*pool.run(job_of("echo", "x")).answer, "x");
    ASSERT_FALSE(lines->lines().empty());
    EXPECT_NE(lines->lines().front().find("unwell"), std::string::npos);
}

TEST(Pool, helpers_have_limits_and_a_priority_of_their_own) {
    PoolOptions options = options_of();
    options.limits.file_bytes = 1234;
    options.nice = 7;
    Pool pool(options, Log());
    EXPECT_EQ(*pool.run(job_of("limits")).answer, "1234 7");
}

TEST(RunInCopy, a_copy_of_this_process_does_one_job) {
    if (is_sanitized()) GTEST_SKIP() << "a fork without an exec is no use under sanitizers";
    const Perform perform = [](std::string_view name, std::string_view request,
                               std::span<const int>) -> std::string {
        if (name == "crash") std::abort();
        if (name == "refuse") throw std::runtime_error("no such picture");
        return std::string(request) + "!";
    };
    EXPECT_EQ(*run_in_copy(job_of("echo", "hello"), perform, {}).answer, "hello!");
    EXPECT_EQ(fault_of(run_in_copy(job_of("crash"), perform, {})), Fault::died);
    const auto refused = run_in_copy(job_of("refuse"), perform, {});
    EXPECT_EQ(refused.answer.error().message, "no such picture");
}

TEST(Pool, its_end_is_its_helpers_end) {
    std::string pid;
    {
        Pool pool(options_of(), Log());
        pid = pid_of(pool);
    }
    EXPECT_TRUE(is_gone(pid));
}

}  // namespace
}  // namespace st::worker
