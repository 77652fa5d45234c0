#include "base/control_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "support/temporary_folder.h"

namespace st {
namespace {

class ControlFilesTest : public testing::Test {
 protected:
    ControlFilesTest() {
        ::unsetenv("RUNTIME_DIRECTORY");
        ::setenv("XDG_RUNTIME_DIR", folder_.c_str(), 1);
    }
    ~ControlFilesTest() override {
        ::unsetenv("XDG_RUNTIME_DIR");
        ::unsetenv("RUNTIME_DIRECTORY");
    }
    const test::TemporaryFolder temporary_{"/tmp/"};
    const std::string& folder_ = temporary_.path();
};

TEST_F(ControlFilesTest, a_users_server_has_them_in_the_session_by_port) {
    const auto files = choose_control_files(50001);
    ASSERT_TRUE(files);
    EXPECT_EQ(files->socket, folder_ + "/streamd-50001.sock");
    EXPECT_EQ(files->token, folder_ + "/streamd-50001.token");
    EXPECT_EQ(files->socket_mode, 0600U);
    EXPECT_EQ(files->token_mode, 0600U);
    EXPECT_EQ(find_control_files(50001, false).front().socket, files->socket);
}

TEST_F(ControlFilesTest, a_service_has_them_in_its_own_folder_for_its_group) {
    ::setenv("RUNTIME_DIRECTORY", "/run/streamd:/run/other", 1);
    const auto files = choose_control_files(50001);
    ASSERT_TRUE(files);
    EXPECT_EQ(files->socket, "/run/streamd/control.sock");
    EXPECT_EQ(files->token, "/run/streamd/control.token");
    EXPECT_EQ(files->socket_mode, 0660U);
    EXPECT_EQ(files->token_mode, 0640U);
    EXPECT_EQ(find_control_files(50001, true).back().socket, files->socket);
}

TEST_F(ControlFilesTest, a_folder_others_can_write_to_is_left_out) {
    ::chmod(folder_.c_str(), 0777);
    const auto files = choose_control_files(50001);
    ASSERT_TRUE(files);
    EXPECT_FALSE(files->socket.starts_with(folder_));
    for (const ControlFiles& found : find_control_files(50001, true)) {
        EXPECT_FALSE(found.socket.starts_with(folder_));
    }
}

TEST_F(ControlFilesTest, a_folder_too_deep_for_a_socket_is_left_out) {
    const std::string deep = folder_ + "/" + std::string(100, 'x');
    ASSERT_EQ(::mkdir(deep.c_str(), 0700), 0);
    ::setenv("XDG_RUNTIME_DIR", deep.c_str(), 1);
    EXPECT_FALSE(choose_control_files(50001)->socket.starts_with(deep));
}

TEST_F(ControlFilesTest, the_token_lies_beside_the_socket) {
    EXPECT_EQ(control_files_at("/x/my.sock", 0600).token, "/x/my.token");
    EXPECT_EQ(control_files_at("/x/my", 0600).token, "/x/my.token");
}

}  // namespace
}  // namespace st
