#include "streamd/shutdown_words.h"

#include <gtest/gtest.h>

namespace st::streamd {
namespace {

TEST(ShutdownWords, call_recordings_complete_only_if_all_was_written) {
    EXPECT_EQ(words_of_left(0, 0), "");
    EXPECT_EQ(words_of_left(2, 0),
              "2 recordings are complete on disk; the next start makes their MP4s");
    EXPECT_EQ(words_of_left(2, 1'400'000),
              "2 recordings are left to the next start; 1.4 MB of what was received are not "
              "written yet: the disk is too slow, or does not answer");
    EXPECT_EQ(words_of_left(0, 812),
              "812 B of what was received are not written yet: the disk is too slow, or does not "
              "answer");
}

TEST(ShutdownWords, tell_at_the_end_how_much_is_lost) {
    EXPECT_EQ(words_of_exit(0),
              "threads still wait for a disk that does not answer: ending without them");
    EXPECT_EQ(words_of_exit(1'400'000),
              "threads still wait for a disk that is too slow, or does not answer: ending without "
              "them; up to 1.4 MB of recordings were not written, and are lost");
}

}  // namespace
}  // namespace st::streamd
