#include "record/recordings.h"

#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include <cerrno>

#include "record/session_json.h"
#include "record/world.h"

namespace st::record {
namespace {

using world::TemporaryFolder;
namespace fs = std::filesystem;

constexpr std::int64_t kDayUs = 86'400'000'000;

class RecordingsTest : public testing::Test {
 protected:
    std::string put(const std::string& camera, std::int64_t started_us,
                    RecordingState state = RecordingState::done,
                    std::optional<std::string> take = std::nullopt) {
        Meta meta;
        meta.id = camera + "_" + local_stamp(started_us);
        meta.camera = camera;
        meta.state = state;
        meta.started_us = started_us;
        meta.take = std::move(take);
        fs::create_directories(folder_.path() + "/" + meta.id);
        std::ofstream(folder_.path() + "/" + meta.id + "/session.json.new")
            << encode_session(meta, nullptr);
        fs::rename(folder_.path() + "/" + meta.id + "/session.json.new",
                   folder_.path() + "/" + meta.id + "/session.json");
        return meta.id;
    }
    TemporaryFolder folder_;
    Recordings recordings_{folder_.path()};
};

TEST_F(RecordingsTest, a_kept_recording_cannot_be_removed_until_it_is_released) {
    const std::string id = put("a", 10 * kDayUs);
    const std::string running = put("b", 10 * kDayUs, RecordingState::recording);
    ASSERT_TRUE(recordings_.keep(id, true));
    EXPECT_NE(recordings_.get(id)->json.find(R"("kept":true)"), std::string::npos);
    const auto refused = recordings_.remove(id);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, 409);
    EXPECT_EQ(refused.error().message, "recording " + id + " is kept: release it first");
    ASSERT_TRUE(recordings_.keep(id, false));
    EXPECT_TRUE(recordings_.remove(id));
    EXPECT_EQ(recordings_.keep(running, true).error().code, 409);
    EXPECT_EQ(recordings_.keep("nothing", true).error().code, 404);
}

TEST_F(RecordingsTest, keeping_a_recording_changes_nothing_else_of_its_session_json) {
    const std::string id = put("a", 10 * kDayUs, RecordingState::done, "walk");
    const std::string before = recordings_.get(id)->json;
    ASSERT_TRUE(recordings_.keep(id, true));
    ASSERT_TRUE(recordings_.keep(id, true));
    ASSERT_TRUE(recordings_.keep(id, false));
    EXPECT_EQ(recordings_.get(id)->json, before);
}

TEST_F(RecordingsTest, a_copied_folder_has_its_own_name) {
    const std::string id = put("a", 10 * kDayUs);
    fs::copy(folder_.path() + "/" + id, folder_.path() + "/" + id + "-copy");
    EXPECT_EQ(recordings_.names(), (std::vector<std::string>{id, id + "-copy"}));
    const auto copy = recordings_.get(id + "-copy");
    ASSERT_TRUE(copy);
    EXPECT_NE(copy->json.find("\"id\":\"" + id + "-copy\""), std::string::npos);
    EXPECT_NE(copy->json.find("\"copy_of\":\"" + id + "\""), std::string::npos);
    ASSERT_TRUE(recordings_.remove(id + "-copy"));
    EXPECT_EQ(recordings_.names(), (std::vector<std::string>{id}));
}

TEST_F(RecordingsTest, sees_what_changed_since) {
    const std::string id = put("a", kDayUs, RecordingState::recording);
    EXPECT_EQ(recordings_.get(id)->state, RecordingState::recording);
    put("a", kDayUs, RecordingState::done);
    EXPECT_EQ(recordings_.get(id)->state, RecordingState::done);
    fs::remove_all(folder_.path() + "/" + id);
    EXPECT_EQ(recordings_.get(id).error().code, 404);
    EXPECT_TRUE(recordings_.names().empty());
}

TEST_F(RecordingsTest, a_broken_session_json_is_no_recording) {
    const std::string id = put("a", kDayUs);
    std::ofstream(folder_.path() + "/" + id + "/session.json") << "{\"version\":1,";
    EXPECT_EQ(recordings_.get(id).error().code, 404);
}

TEST_F(RecordingsTest, removes_a_finished_recording_and_refuses_a_running_one) {
    const std::string done = put("a", kDayUs);
    const std::string running = put("b", kDayUs, RecordingState::recording);
    std::ofstream(folder_.path() + "/" + done + "/stream.mp4") << "x";
    EXPECT_TRUE(recordings_.remove(done));
    EXPECT_FALSE(fs::exists(folder_.path() + "/" + done));
    EXPECT_EQ(recordings_.remove(done).error().code, 404);
    const auto refused = recordings_.remove(running);
    EXPECT_EQ(refused.error().code, 409);
    EXPECT_EQ(refused.error().message, "recording " + running + " is still running: stop it first");
    EXPECT_TRUE(fs::exists(folder_.path() + "/" + running));
}

TEST_F(RecordingsTest, removes_a_recording_whole_whatever_lies_in_it) {
    const std::string id = put("a", kDayUs);
    const std::string folder = folder_.path() + "/" + id;
    std::ofstream(folder + "/stream.mp4") << "x";
    fs::create_directories(folder + "/notes/older");
    std::ofstream(folder + "/notes/older/a.txt") << "x";
    fs::create_directory_symlink("/etc", folder + "/notes/link");
    EXPECT_TRUE(recordings_.remove(id));
    EXPECT_TRUE(fs::is_empty(folder_.path()));
    EXPECT_TRUE(fs::exists("/etc/passwd")) << "links are deleted, not followed";
}

TEST_F(RecordingsTest, says_who_refuses_to_have_a_recording_removed) {
    const std::string id = put("a", kDayUs);
    const auto remove = [&](unsigned mode) {
        fs::permissions(folder_.path(), fs::perms(mode));
        // Root may remove everything.
        const auto me = static_cast<uid_t>(::setfsuid(65'534));
        auto removed = recordings_.remove(id);
        ::setfsuid(me);
        fs::permissions(folder_.path(), fs::perms(0755));
        return removed ? RemoveError() : removed.error();
    };
    const RemoveError by_folder = remove(0555);
    EXPECT_EQ(by_folder.code, 500);
    EXPECT_EQ(by_folder.error_number, EACCES);
    EXPECT_TRUE(by_folder.is_of_folder);
    fs::permissions(folder_.path() + "/" + id, fs::perms(0555));
    const RemoveError by_itself = remove(0777);
    EXPECT_EQ(by_itself.code, 500);
    EXPECT_EQ(by_itself.error_number, EACCES);
    EXPECT_FALSE(by_itself.is_of_folder);
    EXPECT_EQ(remove(0777).code, 404);
    EXPECT_EQ(remove(0777).error_number, 0);
    fs::permissions(folder_.path() + "/.deleted-" + id, fs::perms(0755));
}

TEST_F(RecordingsTest, a_removal_that_cannot_begin_leaves_all_of_it) {
    const std::string id = put("a", kDayUs);
    std::ofstream(folder_.path() + "/" + id + "/stream.mp4") << "x";
    // Something of that name is in the way of the rename.
    fs::create_directories(folder_.path() + "/.deleted-" + id + "/full");
    EXPECT_EQ(recordings_.remove(id).error().code, 500);
    EXPECT_TRUE(fs::exists(folder_.path() + "/" + id + "/stream.mp4"));
    EXPECT_EQ(recordings_.names(), std::vector<std::string>{id});
    EXPECT_TRUE(recordings_.remove(id)) << "looking at the folder cleared what was left behind";
}

TEST_F(RecordingsTest, never_leaves_the_folder) {
    const std::string id = put("a", kDayUs);
    std::ofstream(folder_.path() + "/" + id + "/stream.mp4") << "x";
    fs::create_symlink("/etc/passwd", folder_.path() + "/" + id + "/thumbnail.jpg");
    fs::create_directory_symlink("/etc", folder_.path() + "/etc_link");
    const auto file = recordings_.open_file(id, "stream.mp4");
    ASSERT_TRUE(file);
    ::close(*file);
    for (const char* name : {"thumbnail.jpg", "../", "..", ".", "", "nothing", "/etc/passwd"}) {
        EXPECT_EQ(recordings_.open_file(id, name).error().code, 404) << name;
    }
    for (const char* other : {"..", ".", "", "etc_link", "a/b", "../etc"}) {
        EXPECT_EQ(recordings_.open_file(other, "passwd").error().code, 404) << other;
        EXPECT_EQ(recordings_.get(other).error().code, 404) << other;
        EXPECT_EQ(recordings_.remove(other).error().code, 404) << other;
    }
}

TEST(SessionJson, what_it_says_of_a_session_is_read_back) {
    Meta meta;
    meta.id = "cam1_20260131_081530";
    meta.camera = "cam1";
    meta.peer = "[2001:db8::1]:50";
    meta.path = "/x?\"y\"";
    meta.take = "t";
    meta.state = RecordingState::finalising;
    meta.end_reason = EndReason::stop_timeout;
    meta.close = CloseCode{1001, "replaced"};
    meta.start = camera::StartParameters{camera::Size{1280, 720}, std::nullopt, 2'500'000, 15};
    meta.capabilities = R"({"deviceModel":"x"})";
    meta.started_us = 1'700'000'000'123'000;
    meta.ended_us = 1'700'000'100'000'000;
    meta.dropped = {7, 8};
    meta.error = "line\nbreak";
    const auto stored = decode_session(encode_session(meta, nullptr));
    ASSERT_TRUE(stored) << stored.error().message;
    const Meta& read = stored->meta;
    EXPECT_EQ(read.id, meta.id);
    EXPECT_EQ(read.peer, meta.peer);
    EXPECT_EQ(read.path, meta.path);
    EXPECT_EQ(read.take, meta.take);
    EXPECT_EQ(read.state, meta.state);
    EXPECT_EQ(read.end_reason, meta.end_reason);
    EXPECT_EQ(read.close->code, 1001);
    EXPECT_EQ(read.close->reason, "replaced");
    EXPECT_EQ(read.start, meta.start);
    EXPECT_EQ(read.capabilities, meta.capabilities);
    EXPECT_EQ(read.started_us, meta.started_us);
    EXPECT_EQ(read.ended_us, meta.ended_us);
    EXPECT_EQ(read.dropped.bad, 8U);
    EXPECT_EQ(read.error, meta.error);
}

}  // namespace
}  // namespace st::record
