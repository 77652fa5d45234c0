#include "streamctl/console/script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/exit_codes.h"

namespace st::streamctl {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Nobody listens on port 1: commands that ask a server end with 69.
const char* const kNobody = "ws://127.0.0.1:1";

struct Ran {
    int code = 0;
    std::string out;
    std::string err;
};

Ran run(const std::string& text, bool keep_going = false) {
    Options options;
    options.server = kNobody;
    options.keep_going = keep_going;
    std::istringstream in(text);
    Ran ran;
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    ran.code = run_script(in, "list.txt", options);
    ran.out = testing::internal::GetCapturedStdout();
    ran.err = testing::internal::GetCapturedStderr();
    return ran;
}

TEST(Script, blank_lines_and_comments_do_nothing) {
    const Ran ran = run("\n   \n# status\n\t# more\n");
    EXPECT_EQ(ran.code, cli::kDone);
    EXPECT_EQ(ran.out + ran.err, "");
}

TEST(Script, ends_at_exit) {
    const Ran ran = run("help status\nexit\nnonsense\n");
    EXPECT_EQ(ran.code, cli::kDone);
    EXPECT_THAT(ran.out, HasSubstr("Show what the server is doing"));
    EXPECT_EQ(ran.err, "");
    EXPECT_EQ(run("quit\nnonsense\n").code, cli::kDone);
}

TEST(Script, stops_at_the_first_failure_and_names_its_line) {
    const Ran ran = run("# one\nnonsense\nhelp status\n");
    EXPECT_EQ(ran.code, cli::kUsage);
    EXPECT_THAT(ran.err, HasSubstr("unknown command nonsense"));
    EXPECT_THAT(ran.err, HasSubstr("streamctl: list.txt line 2: exit status 64\n"));
    EXPECT_EQ(ran.out, "");
}

TEST(Script, goes_on_if_told_to_and_keeps_the_first_failure) {
    const Ran ran = run("status\nnonsense\nhelp status\n", true);
    EXPECT_EQ(ran.code, cli::kUnreachable);
    EXPECT_THAT(ran.err, HasSubstr("list.txt line 1: exit status 69"));
    EXPECT_THAT(ran.err, HasSubstr("list.txt line 2: exit status 64"));
    EXPECT_THAT(ran.out, HasSubstr("Show what the server is doing"));
}

TEST(Script, a_quote_that_is_not_closed_is_a_usage_error) {
    const Ran ran = run("start 'door\n");
    EXPECT_EQ(ran.code, cli::kUsage);
    EXPECT_THAT(ran.err, Not(HasSubstr("refused")));
}

TEST(Script, a_line_has_a_limit) {
    const Ran ran = run("start " + std::string(64 * 1024, 'a') + "\n");
    EXPECT_EQ(ran.code, cli::kUsage);
    EXPECT_THAT(ran.err, HasSubstr("a line of 65542 bytes, over the limit of 65536"));
}

TEST(Script, a_line_of_options_alone_has_no_command) {
    const Ran ran = run("--json\n");
    EXPECT_EQ(ran.code, cli::kUsage);
    EXPECT_THAT(ran.err, HasSubstr("no command in this line"));
}

}  // namespace
}  // namespace st::streamctl
