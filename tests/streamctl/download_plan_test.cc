#include "streamctl/recordings/download_plan.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "streamctl/client/failed.h"

namespace st::streamctl {
namespace {

control::Recording recording() {
    control::Recording out;
    out.id = "door_20260131_081530";
    out.files = {{"stream.mp4", "mp4", 1000},
                 {"stream-002.mp4", "mp4", 500},
                 {"thumbnail.jpg", "thumbnail", 20},
                 {"stream.fdump", "dump", 1600},
                 {"notes.txt", "other", 3}};
    return out;
}

std::string why(const control::Recording& bad) {
    try {
        wanted_files(bad, "/films", true);
        return "accepted";
    } catch (const Failed& failed) {
        return failed.what();
    }
}

TEST(DownloadPlan, takes_the_mp4s_under_the_recordings_name) {
    const auto files = wanted_files(recording(), "/films", false);
    ASSERT_EQ(files.size(), 2U);
    EXPECT_EQ(files[0].url, "/api/v1/recordings/door_20260131_081530/files/stream.mp4");
    EXPECT_EQ(files[0].target, "/films/door_20260131_081530.mp4");
    EXPECT_EQ(files[0].bytes, 1000U);
    EXPECT_TRUE(files[0].is_result);
    EXPECT_EQ(files[1].target, "/films/door_20260131_081530-002.mp4");
}

TEST(DownloadPlan, takes_everything_if_asked) {
    const auto files = wanted_files(recording(), "/films/", true);
    ASSERT_EQ(files.size(), 5U);
    EXPECT_EQ(files[2].target, "/films/door_20260131_081530.jpg");
    EXPECT_EQ(files[3].target, "/films/door_20260131_081530.fdump");
    EXPECT_EQ(files[4].target, "/films/door_20260131_081530-notes.txt");
}

TEST(DownloadPlan, takes_the_mp4_under_a_name_of_ones_own) {
    const auto files = wanted_mp4(recording(), "/films/walk.mp4");
    ASSERT_EQ(files.size(), 2U);
    EXPECT_EQ(files[0].target, "/films/walk.mp4");
    EXPECT_EQ(files[0].url, "/api/v1/recordings/door_20260131_081530/files/stream.mp4");
    EXPECT_EQ(files[1].target, "/films/walk-002.mp4") << "the picture size changed";
    EXPECT_EQ(wanted_mp4(recording(), "walk.mp4")[0].target,
              std::filesystem::current_path() / "walk.mp4");
}

TEST(DownloadPlan, a_recording_without_mp4s_has_nothing_to_fetch) {
    control::Recording open = recording();
    open.files.erase(open.files.begin(), open.files.begin() + 2);
    EXPECT_TRUE(wanted_files(open, "/films", false).empty());
}

TEST(DownloadPlan, the_dump_for_alignment_is_no_result) {
    const auto dump = wanted_dump(recording(), "/films");
    ASSERT_TRUE(dump);
    EXPECT_EQ(dump->target, "/films/door_20260131_081530.fdump");
    EXPECT_FALSE(dump->is_result);
    control::Recording without = recording();
    without.files.resize(3);
    EXPECT_FALSE(wanted_dump(without, "/films"));
}

TEST(DownloadPlan, refuses_names_that_could_leave_the_folder) {
    for (const char* name : {"", ".", "..", "../x", "/etc/passwd", ".bashrc", "a/b", "a\\b", "a b",
                             "a\nb", "a\x1b[2J"}) {
        control::Recording bad = recording();
        bad.files[4].name = name;
        EXPECT_TRUE(why(bad).ends_with("is no file name to take from a server"))
            << name << ": " << why(bad);
        EXPECT_EQ(why(bad).find('\x1b'), std::string::npos);
        bad = recording();
        bad.id = name;
        EXPECT_EQ(why(bad), "the server's id is no file name") << name;
    }
    control::Recording bad = recording();
    bad.files[0].name = std::string(129, 'a');
    EXPECT_NE(why(bad), "accepted");
}

}  // namespace
}  // namespace st::streamctl
