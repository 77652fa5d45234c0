#include "streamctl/commands/sentences.h"

#include <gtest/gtest.h>

namespace st::streamctl {
namespace {

TEST(WasAway, tells_a_file_that_was_full_from_a_camera_that_was_gone) {
    using control::SessionState;
    control::StopResult result;
    EXPECT_FALSE(was_away(result)) << "one recording";
    result.parts = {{"a_1", 1, SessionState::done, "max_bytes"},
                    {"a_2", 2, SessionState::done, "stopped"}};
    EXPECT_FALSE(was_away(result));
    result.parts.push_back({"a_3", 3, SessionState::done, "stopped"});
    EXPECT_TRUE(was_away(result));
    result.parts = {{"a_1", 1, SessionState::done, "disconnected"},
                    {"a_2", 2, SessionState::done, "stopped"}};
    EXPECT_TRUE(was_away(result));
    result.parts = {{"a_1", 1, SessionState::done, {}}, {"a_2", 2, SessionState::done, {}}};
    EXPECT_TRUE(was_away(result)) << "an older server's word";
}

}  // namespace
}  // namespace st::streamctl
