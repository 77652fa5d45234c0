#include "streamctl/client/interrupt.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace st::streamctl {
namespace {

/// As somebody else sends it: to the process.
void send(int number) { ASSERT_EQ(::kill(::getpid(), number), 0); }

TEST(Interrupt, tells_what_is_meant_for_the_whole_program_from_ctrl_c) {
    Interrupt interrupt;
    EXPECT_FALSE(interrupt.take());
    send(SIGINT);
    EXPECT_TRUE(interrupt.take());
    EXPECT_FALSE(interrupt.ends_program());
    send(SIGTERM);
    EXPECT_TRUE(interrupt.take());
    EXPECT_EQ(interrupt.last(), SIGTERM);
    EXPECT_TRUE(interrupt.ends_program());
    send(SIGINT);
    EXPECT_TRUE(interrupt.take());
    EXPECT_EQ(interrupt.last(), SIGINT);
    EXPECT_TRUE(interrupt.ends_program()) << "whatever comes behind it";
}

TEST(Interrupt, remembers_a_terminal_that_went_beside_a_ctrl_c) {
    Interrupt interrupt;
    send(SIGHUP);
    send(SIGINT);
    EXPECT_TRUE(interrupt.take());
    EXPECT_EQ(interrupt.last(), SIGINT);
    EXPECT_TRUE(interrupt.ends_program());
    send(SIGHUP);  // from the shell as well
    EXPECT_FALSE(interrupt.take());
}

}  // namespace
}  // namespace st::streamctl
