/// Recordings where the file system has no locks and no links, and cannot sync folders or itself,
/// as network shares, FAT and FUSE often cannot.
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "mp4/file_error.h"
#include "mp4/sample_file.h"
#include "record/recorder.h"
#include "record/session_json.h"
#include "record/tables.h"
#include "record/world.h"
#include "support/log_lines.h"

namespace {

/// What flock() and the syncs of folders and file systems of this program fail with; 0: they work.
std::atomic<int> lock_error{0};
std::atomic<int> sync_error{0};
std::atomic<int> folders_synced{0};
std::atomic<int> files_synced{0};
/// ... and link(), and a renameat2() that replaces nothing.
std::atomic<int> link_error{0};

bool fails_with(int error) {
    errno = error;
    return error != 0;
}

}  // namespace

// They stand before those of the C library.
extern "C" int flock(int fd, int operation) noexcept {
    return fails_with(lock_error) ? -1 : static_cast<int>(::syscall(SYS_flock, fd, operation));
}

extern "C" int syncfs(int fd) noexcept {
    return fails_with(sync_error) ? -1 : static_cast<int>(::syscall(SYS_syncfs, fd));
}

extern "C" int link(const char* from, const char* to) noexcept {
    return fails_with(link_error) ? -1 : static_cast<int>(::syscall(SYS_link, from, to));
}

extern "C" int renameat2(int from_folder, const char* from, int to_folder, const char* to,
                         unsigned flags) noexcept {
    if (link_error != 0 && fails_with(EINVAL)) return -1;
    return static_cast<int>(::syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
}

extern "C" int fsync(int fd) {
    struct stat what {};
    const bool is_folder = ::fstat(fd, &what) == 0 && S_ISDIR(what.st_mode);
    if (is_folder && fails_with(sync_error)) return -1;
    ++(is_folder ? folders_synced : files_synced);
    return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace st::record {
namespace {

TEST(Tables, are_stored_through_a_power_loss) {
    const world::TemporaryFolder folder;
    Meta meta;
    meta.id = "cam_20260131_081530";
    meta.state = RecordingState::done;
    std::ofstream(folder.path() + "/session.json") << encode_session(meta, nullptr);
    files_synced = folders_synced = 0;
    const auto stored = store_table(folder.path(), [](const Put& put) { put("one\n"); });
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_EQ(files_synced, 2);
    EXPECT_GE(folders_synced, 1);
}

class PoorFileSystem : public testing::Test {
 protected:
    ~PoorFileSystem() override { lock_error = sync_error = link_error = 0; }

    /// Records the little stream and says what was warned of.
    std::vector<std::string> record() {
        const world::TemporaryFolder folder;
        const auto warnings = std::make_shared<test::LogLines>(LogLevel::warning);
        {
            world::Events events;
            Options options = world::options_in(folder.path());
            options.sync_interval = std::chrono::milliseconds(1);
            Recorder recorder(options, Log(warnings), events.sink());
            const SessionPtr session = recorder.open(world::start_of("cam"));
            world::push_tiny(*session);
            session->end({EndReason::stopped, {}, {}});
            const Summary summary = events.wait<Finished>().summary;
            EXPECT_EQ(summary.state, RecordingState::done) << summary.error.value_or("");
            EXPECT_EQ(summary.pictures, world::kTinyPictures);
            EXPECT_TRUE(std::filesystem::exists(summary.directory + "/stream.mp4"));
            EXPECT_EQ(events.count<Failed>(), 0U);
        }
        return warnings->lines();
    }
};

TEST_F(PoorFileSystem, recordings_are_whole_where_there_are_no_locks) {
    for (const int error : {ENOLCK, EOPNOTSUPP, ENOSYS}) {
        lock_error = error;
        const auto warnings = record();
        ASSERT_EQ(warnings.size(), 1U);
        EXPECT_NE(warnings[0].find("its file system has no locks"), std::string::npos);
    }
}

TEST_F(PoorFileSystem, recordings_are_whole_where_folders_cannot_be_synced) {
    sync_error = EINVAL;
    const auto warnings = record();
    for (const std::string& warning : warnings)
        EXPECT_NE(warning.find("files are synced one by one"), std::string::npos) << warning;
    EXPECT_LE(warnings.size(), 1U) << "said once";
}

TEST_F(PoorFileSystem, recordings_are_whole_where_there_are_no_links) {
    for (const int error : {EPERM, EOPNOTSUPP, ENOSYS, EMLINK}) {
        link_error = error;
        EXPECT_EQ(record(), std::vector<std::string>{});
    }
}

TEST_F(PoorFileSystem, without_links_a_file_replaces_no_other_and_has_its_name_all_the_same) {
    const world::TemporaryFolder folder;
    const std::string part = folder.path() + "/a.part";
    const std::string target = folder.path() + "/a";
    const auto write = [](const std::string& path, const char* text) {
        std::ofstream(path) << text;
    };
    const auto read = [](const std::string& path) {
        std::string text;
        std::ifstream(path) >> text;
        return text;
    };
    link_error = EPERM;
    write(part, "new");
    mp4::put_in_place(part, target, false);
    EXPECT_EQ(read(target), "new");
    EXPECT_FALSE(std::filesystem::exists(part));
    write(part, "other");
    EXPECT_THROW(mp4::put_in_place(part, target, false), mp4::FileError);
    EXPECT_EQ(read(target), "new");
    EXPECT_EQ(read(part), "other");
    EXPECT_THROW(mp4::put_in_place(folder.path() + "/none", folder.path() + "/b", false),
                 mp4::FileError);
    EXPECT_FALSE(std::filesystem::exists(folder.path() + "/b"));
    link_error = EIO;  // that is another matter
    EXPECT_THROW(mp4::put_in_place(part, folder.path() + "/c", false), mp4::FileError);
}

TEST_F(PoorFileSystem, another_error_than_that_there_are_none_is_one) {
    lock_error = EIO;
    const world::TemporaryFolder folder;
    world::Events events;
    EXPECT_THROW(Recorder(world::options_in(folder.path()), Log(), events.sink()),
                 std::system_error);
}

}  // namespace
}  // namespace st::record
