#include "worker/child.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <thread>

namespace st::worker {
namespace {

using std::chrono::seconds;

/// Collects what a child says; ends the loop when it is gone.
struct Witness final : ChildHandler {
    explicit Witness(loop::EventLoop& its_loop) : loop(its_loop) {}
    void on_output(Bytes bytes) override {
        output += as_text(bytes);
        if (on_bytes) on_bytes();
    }
    void on_error_output(Bytes bytes) override { error_output += as_text(bytes); }
    void on_exit(const Exit& how) override {
        exit = how;
        loop.stop();
    }

    loop::EventLoop& loop;
    std::string output;
    std::string error_output;
    std::function<void()> on_bytes;
    std::optional<Exit> exit;
};

class ChildTest : public ::testing::Test {
 protected:
    static void SetUpTestSuite() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
    static void TearDownTestSuite() { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }

    void start(const std::string& script) { start_argv({"/bin/sh", "-c", script}); }
    void start_argv(const std::vector<std::string>& argv) { child.emplace(loop, argv, witness); }
    void run_to_the_end() {
        loop.after(seconds(60), [this] { loop.stop(); });
        loop.run();
        ASSERT_TRUE(witness.exit) << "it did not end";
    }

    loop::EventLoop loop;
    Witness witness{loop};
    std::optional<Child> child;
};

/// Whatever of the group was left to itself came to us (SetUpTestSuite) and is dead or about to be.
void expect_group_gone(pid_t group) {
    while (::waitpid(-group, nullptr, 0) > 0) {
    }
    EXPECT_NE(::kill(-group, 0), 0) << "process group " << group << " is still there";
}

TEST_F(ChildTest, both_outputs_arrive_whole_before_the_end) {
    start("printf out; printf err >&2; exit 3");
    run_to_the_end();
    EXPECT_EQ(witness.output, "out");
    EXPECT_EQ(witness.error_output, "err");
    EXPECT_EQ(witness.exit->code, 3);
    EXPECT_EQ(witness.exit->text(), "exit code 3");
}

TEST_F(ChildTest, more_than_a_pipe_and_a_turn_hold_arrives_whole) {
    start("head -c 5000000 /dev/zero");
    run_to_the_end();
    EXPECT_EQ(witness.output.size(), 5'000'000U);
    EXPECT_TRUE(witness.exit->is_success());
}

TEST_F(ChildTest, a_program_that_is_not_there_says_so) {
    start_argv({"/nonexistent/program"});
    run_to_the_end();
    EXPECT_EQ(witness.exit->code, 127);
    EXPECT_EQ(witness.error_output, "cannot run /nonexistent/program: No such file or directory\n");
}

TEST_F(ChildTest, arguments_are_a_list_and_no_shell_reads_them) {
    start_argv({"printf", "%s.", "a b", "$HOME", "; echo c"});
    run_to_the_end();
    EXPECT_EQ(witness.output, "a b.$HOME.; echo c.");
}

TEST_F(ChildTest, begins_with_default_signals_whatever_the_parent_blocks) {
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    for (const int signal : {SIGTERM, SIGINT, SIGPIPE}) sigaddset(&blocked, signal);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    auto* const old = std::signal(SIGPIPE, SIG_IGN);
    start("grep -E '^Sig(Blk|Ign)' /proc/self/status");
    run_to_the_end();
    std::signal(SIGPIPE, old);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    EXPECT_EQ(witness.output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(ChildTest, inherits_no_descriptor) {
    const Fd leaked(::open("/dev/null", O_RDONLY));  // without CLOEXEC
    ASSERT_GE(leaked.get(), 3);
    start("ls -l /proc/self/fd | grep -c ' -> '; readlink /proc/self/fd/0");
    run_to_the_end();
    // 0, 1, 2 and the folder that ls itself reads.
    EXPECT_EQ(witness.output, "4\n/dev/null\n");
}

TEST_F(ChildTest, is_not_told_the_secrets_of_the_server) {
    ::setenv("STREAMD_AUTH_SECRET", "hush", 1);
    ::setenv("ST_TEST_HANDED_ON", "yes", 1);
    start("env | grep -e STREAMD_ -e ST_TEST_");
    run_to_the_end();
    ::unsetenv("STREAMD_AUTH_SECRET");
    ::unsetenv("ST_TEST_HANDED_ON");
    EXPECT_EQ(witness.output, "ST_TEST_HANDED_ON=yes\n");
}

TEST_F(ChildTest, terminate_reaches_its_whole_group) {
    // The shell has a child of its own, waits for it, and tells that it got the signal.
    start("trap 'echo got it; exit 7' TERM; sleep 1000 & echo ready; wait");
    witness.on_bytes = [this] {
        if (witness.output == "ready\n") child->terminate();
    };
    const pid_t group = child->pid();
    run_to_the_end();
    EXPECT_EQ(witness.output, "ready\ngot it\n");
    EXPECT_EQ(witness.exit->code, 7);
    expect_group_gone(group);
}

TEST_F(ChildTest, kill_ends_one_that_ignores_everything_else) {
    start("trap '' TERM INT HUP; echo ready; while :; do sleep 1000; done");
    witness.on_bytes = [this] {
        child->terminate();
        child->kill();
    };
    const pid_t group = child->pid();
    run_to_the_end();
    EXPECT_EQ(witness.exit->signal, SIGKILL);
    EXPECT_EQ(witness.exit->text(), "killed by SIGKILL (Killed)");
    expect_group_gone(group);
}

TEST_F(ChildTest, reaches_what_has_left_its_group) {
    // A group below a group, as timeout(1) makes one for itself and what it runs.
    const std::string deep = "setsid sh -c 'setsid sleep 1000 & echo $! $$; wait' & wait";
    const auto all_gone = [this] {
        pid_t below = 0;
        pid_t above = 0;
        ASSERT_EQ(std::sscanf(witness.output.c_str(), "%d %d", &below, &above), 2);
        expect_group_gone(above);  // and the one below comes to us
        expect_group_gone(below);
    };
    start(deep);
    witness.on_bytes = [this] { child->terminate(); };
    run_to_the_end();
    all_gone();

    witness.output.clear();
    witness.exit.reset();
    start("trap '' TERM; " + deep);
    witness.on_bytes = [this] {
        child->terminate();
        child->kill();
    };
    run_to_the_end();
    all_gone();
}

TEST_F(ChildTest, kills_what_left_its_group_and_does_not_end_when_told) {
    start("setsid sh -c 'trap \"\" TERM; echo $$; exec sleep 1000' & wait");
    witness.on_bytes = [this] { child->terminate(); };
    run_to_the_end();
    EXPECT_EQ(witness.exit->signal, SIGTERM) << "the shell went at once, and was its parent";
    expect_group_gone(std::atoi(witness.output.c_str()));
}

TEST_F(ChildTest, what_it_left_running_ends_with_it) {
    // The grandchild ignores SIGTERM and keeps both pipes open.
    start("(trap '' TERM; exec sleep 1000) & echo ready; exit 0");
    const pid_t group = child->pid();
    run_to_the_end();
    EXPECT_TRUE(witness.exit->is_success());
    expect_group_gone(group);
}

TEST_F(ChildTest, destroying_it_ends_it) {
    start("echo ready; while :; do sleep 1000; done");
    const pid_t group = child->pid();
    witness.on_bytes = [this] { loop.stop(); };
    loop.run();
    child.reset();
    EXPECT_EQ(::waitpid(group, nullptr, WNOHANG), -1) << "it was waited for";
    expect_group_gone(group);
    EXPECT_FALSE(witness.exit) << "no call after the end";
}

TEST_F(ChildTest, its_end_is_seen_though_another_holds_its_pipes) {
    // setsid: out of the group, the pipes still open. Nobody waits for it for ever.
    start("setsid sleep 1000 & echo $!");
    run_to_the_end();
    EXPECT_TRUE(witness.exit->is_success());
    const pid_t escaped = std::atoi(witness.output.c_str());
    ASSERT_GT(escaped, 1);
    ::kill(escaped, SIGKILL);
    EXPECT_EQ(::waitpid(escaped, nullptr, 0), escaped);
}

TEST_F(ChildTest, reads_what_it_is_given_to_the_end) {
    const std::string input = std::string("a secret") + '\0' + std::string(200'000, 'x');
    child.emplace(loop, std::vector<std::string>{"cat"}, witness, input);
    run_to_the_end();
    EXPECT_EQ(witness.output, input);
    EXPECT_TRUE(witness.exit->is_success());
}

TEST_F(ChildTest, has_nothing_to_read_otherwise) {
    start_argv({"cat"});
    run_to_the_end();
    EXPECT_EQ(witness.output, "");
    EXPECT_TRUE(witness.exit->is_success());
}

/// A server that has a child, tells its number, and waits to be killed.
[[noreturn]] void be_a_server(int tell) {
    loop::EventLoop loop;
    Witness witness(loop);
    const Child child(loop, {"/bin/sh", "-c", "echo ready; while :; do sleep 1; done"}, witness);
    const pid_t pid = child.pid();
    witness.on_bytes = [&] { (void)!::write(tell, &pid, sizeof pid); };
    loop.run();
    ::_exit(0);
}

TEST(Child, dies_with_a_server_that_is_killed) {
    // The orphans come to us, so that their end can be waited for.
    ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t server = ::fork();
    if (server == 0) be_a_server(ends[1]);
    pid_t child = 0;
    ASSERT_EQ(::read(ends[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
    ASSERT_EQ(::kill(server, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(server, &status, 0), server);
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    while (::waitpid(-1, &status, 0) > 0) {  // its sleep
    }
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    ::close(ends[0]);
    ::close(ends[1]);
}

}  // namespace
}  // namespace st::worker
