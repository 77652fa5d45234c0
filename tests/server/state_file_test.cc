#include "server/state_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_folder.h"

namespace st::server {
namespace {

namespace fs = std::filesystem;

class StateFileTest : public ::testing::Test {
 protected:
    const test::TemporaryFolder temporary_;
    const std::string& folder_ = temporary_.path();
    const std::shared_ptr<StateFile> file_ = std::make_shared<StateFile>(folder_, "names.json");
};

TEST_F(StateFileTest, that_is_not_there_is_none_and_one_that_cannot_be_read_an_error) {
    auto text = file_->read();
    ASSERT_TRUE(text);
    EXPECT_FALSE(*text);
    file_->write(1, "{}");
    EXPECT_EQ(**file_->read(), "{}");
    const auto put_in_its_place = [&](const std::function<void()>& put) {
        fs::remove_all(file_->path());
        put();
        return file_->read();
    };
    EXPECT_FALSE(put_in_its_place([&] { fs::create_directory(file_->path()); }));
    EXPECT_FALSE(put_in_its_place([&] { fs::create_symlink("x", file_->path()); }));
    EXPECT_FALSE(put_in_its_place([&] {
        std::ofstream(file_->path()) << "{}";
        fs::resize_file(file_->path(), 5 << 20);
    }));
    fs::remove_all(file_->path());
    EXPECT_TRUE(file_->read());
}

TEST_F(StateFileTest, that_was_not_understood_is_set_aside_by_the_next_write) {
    file_->write(1, "{\"door\": what?");
    file_->set_aside();
    EXPECT_EQ(test::read_text(file_->path()), "{\"door\": what?")
        << "until there is something to write";
    file_->write(2, "{}");
    EXPECT_EQ(test::read_text(file_->path()), "{}");
    EXPECT_EQ(test::read_text(file_->path() + ".bad"), "{\"door\": what?");
    file_->write(3, "{1}");
    EXPECT_EQ(test::read_text(file_->path() + ".bad"), "{\"door\": what?");
}

}  // namespace
}  // namespace st::server
