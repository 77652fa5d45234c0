#include "av/worker.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <stdexcept>

#include "av/error.h"

namespace st::av {
namespace {

using namespace std::chrono_literals;

TEST(RunLimited, success_is_success_and_another_code_is_an_error_with_its_first_line) {
    EXPECT_TRUE(run_limited({"/bin/true"}));
    const auto failed =
        run_limited({"/bin/sh", "-c", "echo no such picture >&2; echo more >&2; exit 7"});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "no such picture");
    EXPECT_EQ(failed.error().code, 7);
}

TEST(RunLimited, a_program_that_is_not_there_is_an_error) {
    const auto failed = run_limited({"/no/such/program"});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "cannot be executed");
    EXPECT_FALSE(run_limited({}));
}

TEST(RunLimited, a_crash_is_an_error) {
    const auto failed = run_limited({"/bin/sh", "-c", "kill -SEGV $$"});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, 128 + SIGSEGV);
}

TEST(RunLimited, time_is_limited_also_for_a_child_that_closed_its_output) {
    for (const char* script : {"sleep 60", "exec 2>&-; sleep 60"}) {
        const auto failed = run_limited({"/bin/sh", "-c", script}, {.timeout = 100ms});
        ASSERT_FALSE(failed) << script;
        EXPECT_EQ(failed.error().message, "worker ran out of time");
    }
}

TEST(RunLimited, a_flood_of_messages_is_cut_and_does_not_block) {
    const auto failed =
        run_limited({"/bin/sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 3"});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, 3);
    EXPECT_LE(failed.error().message.size(), 2048U);
}

TEST(RunLimited, the_child_has_no_blocked_signal_and_no_descriptor_of_ours) {
    sigset_t term;
    sigset_t old;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &term, &old);
    const auto killed = run_limited({"/bin/sh", "-c", "kill -TERM $$; sleep 5"});
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
    ASSERT_FALSE(killed);
    EXPECT_EQ(killed.error().code, 128 + SIGTERM);
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);  // without CLOEXEC, as a careless library would
    const std::string script = "test ! -e /proc/self/fd/" + std::to_string(ends[0]);
    EXPECT_TRUE(run_limited({"/bin/sh", "-c", script}));
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST(RunForked, an_exception_becomes_the_message) {
    EXPECT_TRUE(run_forked([] {}));
    const auto failed = run_forked([] { throw Error("cannot decode"); });
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "cannot decode");
    EXPECT_FALSE(run_forked([] { ::abort(); }));
    EXPECT_EQ(run_forked([] { ::pause(); }, {.timeout = 50ms}).error().message,
              "worker ran out of time");
}

TEST(RunWorker, leaves_other_command_lines_alone) {
    std::array<std::string, 4> words = {"h264mux", "--worker", "check", "/no/such/file.mp4"};
    std::array<char*, 4> argv = {words[0].data(), words[1].data(), words[2].data(),
                                 words[3].data()};
    EXPECT_EQ(run_worker(1, argv.data()), std::nullopt);
    EXPECT_EQ(run_worker(3, argv.data()), std::nullopt);
    EXPECT_EQ(run_worker(4, argv.data()), 1);
    words[1] = "--other";
    EXPECT_EQ(run_worker(4, argv.data()), std::nullopt);
}

}  // namespace
}  // namespace st::av
