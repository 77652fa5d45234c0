#include "base/process_tree.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <vector>

namespace st {
namespace {

/// A child whose own child is in a group of its own; what the latter's number is.
struct Family {
    pid_t child = 0;
    pid_t grandchild = 0;
};

Family make_family() {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    Family family;
    family.child = ::fork();
    if (family.child == 0) {
        ::setpgid(0, 0);
        const pid_t below = ::fork();
        if (below == 0) {
            ::setpgid(0, 0);
            const pid_t own = ::getpid();
            (void)!::write(ends[1], &own, sizeof own);
            for (;;) ::pause();
        }
        int status = 0;
        ::waitpid(below, &status, 0);
        ::_exit(WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    }
    EXPECT_EQ(::read(ends[0], &family.grandchild, sizeof family.grandchild),
              static_cast<ssize_t>(sizeof family.grandchild));
    ::close(ends[0]);
    ::close(ends[1]);
    return family;
}

TEST(ProcessTree, finds_children_and_theirs_whatever_their_group) {
    const Family family = make_family();
    const std::vector<pid_t> below_us = descendants_of(::getpid());
    EXPECT_NE(std::find(below_us.begin(), below_us.end(), family.child), below_us.end());
    EXPECT_NE(std::find(below_us.begin(), below_us.end(), family.grandchild), below_us.end());
    EXPECT_EQ(descendants_of(family.child), std::vector<pid_t>{family.grandchild});
    EXPECT_TRUE(descendants_of(family.grandchild).empty());

    // The one that left the group, and not the one that is in it.
    send_signal(escaped_from(family.child), SIGUSR1);
    int status = 0;
    ASSERT_EQ(::waitpid(family.child, &status, 0), family.child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), SIGUSR1) << "what ended the other one";
    EXPECT_TRUE(descendants_of(family.child).empty()) << "it is gone";
}

}  // namespace
}  // namespace st
