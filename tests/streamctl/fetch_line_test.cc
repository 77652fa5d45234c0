#include "streamctl/recordings/fetch_line.h"

#include <gtest/gtest.h>

namespace st::streamctl {
namespace {

TEST(FetchLine, names_recordings_or_their_take) {
    Options options;
    EXPECT_EQ(fetch_line(options, {"a_1", "b_1"}), "streamctl get a_1 b_1");
    options.start.take = "walk1";
    EXPECT_EQ(fetch_line(options, {"a_1", "b_1"}), "streamctl get --take walk1");
}

TEST(FetchLine, repeats_what_the_command_was_given) {
    Options options;
    options.server = "wss://cams.example/door";
    options.folder = "kim's walk/";
    options.align = true;
    EXPECT_EQ(fetch_line(options, {"a_1"}),
              "streamctl -s wss://cams.example/door get a_1 -o 'kim'\\''s walk/' --align");
}

TEST(FetchLine, says_how_the_server_is_reached) {
    Options options;
    options.server = "wss://lab";
    options.ca_file = "our ca.pem";
    options.token_file = "t";
    EXPECT_EQ(fetch_line(options, {"a_1"}),
              "streamctl -s wss://lab --token-file t --cacert 'our ca.pem' get a_1");
    options.ca_file.clear();
    options.is_insecure = true;
    EXPECT_EQ(stop_line(options, {"a", "b c"}),
              "streamctl -s wss://lab --token-file t --insecure stop a 'b c'");
}

}  // namespace
}  // namespace st::streamctl
