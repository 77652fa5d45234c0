#include "worker/spawn.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <string>

#include "base/fd.h"
#include "worker/program.h"

namespace st::worker {
namespace {

/// What a shell script exits with.
Exit run(const std::string& script, StandardStreams streams = {}, ProcessLimits limits = {}) {
    return exit_of(wait_for(spawn({"/bin/sh", "-c", script}, streams, limits)));
}

TEST(Spawn, an_exit_and_a_signal_are_told_apart) {
    EXPECT_TRUE(run("exit 0").is_success());
    EXPECT_EQ(run("exit 7").text(), "exit code 7");
    EXPECT_EQ(run("kill -SEGV $$").text(), "killed by SIGSEGV (Segmentation fault)");
}

TEST(Spawn, a_program_that_is_not_there_is_exit_code_127) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const Fd read(ends[0]);
    Fd write(ends[1]);
    const pid_t child = spawn({"/no/such/program"}, {-1, -1, write.get()});
    EXPECT_EQ(exit_of(wait_for(child)).code, kCannotStart);
    write.reset();
    std::array<char, 200> text{};
    ASSERT_GT(::read(read.get(), text.data(), text.size() - 1), 0);
    EXPECT_STREQ(text.data(), "cannot run /no/such/program: No such file or directory\n");
}

TEST(Spawn, the_child_has_no_blocked_signal_and_no_descriptor_of_ours) {
    sigset_t term;
    sigset_t old;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &term, &old);
    EXPECT_EQ(run("kill -TERM $$; sleep 5").signal, SIGTERM);
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);  // without CLOEXEC, as a careless library would
    EXPECT_TRUE(run("test ! -e /proc/self/fd/" + std::to_string(ends[0])).is_success());
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST(Spawn, leads_a_process_group_of_its_own) {
    const pid_t child = spawn({"/bin/sleep", "60"}, {});
    EXPECT_EQ(::getpgid(child), child);
    ::kill(-child, SIGKILL);
    EXPECT_EQ(exit_of(wait_for(child)).signal, SIGKILL);
}

TEST(Spawn, limits_are_the_childs_alone) {
    EXPECT_TRUE(run("test $(ulimit -n) = 17", {}, {.descriptors = 17}).is_success());
    EXPECT_TRUE(run("test $(ulimit -f) = 2", {}, {.file_bytes = 1024}).is_success());
    EXPECT_TRUE(run("test $(ulimit -n) != 17").is_success());
}

TEST(HelperProgram, lies_beside_the_folder_of_the_running_program) {
    const std::string path = helper_program("streamd-media");
    EXPECT_TRUE(path.ends_with("/libexec/streamd/streamd-media")) << path;
    EXPECT_EQ(path.find("/bin/"), std::string::npos);
}

}  // namespace
}  // namespace st::worker
