#include "base/own_path.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

namespace st {
namespace {

class OwnPathTest : public ::testing::Test {
 protected:
    OwnPathTest() {
        std::string pattern = testing::TempDir() + "own_path_XXXXXX";
        folder = ::mkdtemp(pattern.data());
        path = folder + "/token";
        std::ofstream(path) << "ours";
    }
    ~OwnPathTest() override { std::filesystem::remove_all(folder); }
    bool is_there() const {
        return std::filesystem::is_symlink(path) || std::filesystem::exists(path);
    }

    std::string folder;
    std::string path;
};

TEST_F(OwnPathTest, goes_with_its_owner) {
    {
        OwnPath first(path);
        const OwnPath second = std::move(first);
        EXPECT_TRUE(is_there());
    }
    EXPECT_FALSE(is_there());
}

TEST_F(OwnPathTest, what_took_its_place_stays) {
    {
        const OwnPath ours(path);
        std::ofstream(folder + "/other") << "another server's";
        std::filesystem::rename(folder + "/other", path);
    }
    EXPECT_TRUE(is_there());
}

TEST_F(OwnPathTest, goes_by_the_name_it_was_given_last) {
    {
        OwnPath ours(path);
        std::filesystem::rename(path, path + "2");
        std::ofstream(path) << "another";
        ours.moved_to(path + "2");
    }
    EXPECT_TRUE(is_there());
    EXPECT_FALSE(std::filesystem::exists(path + "2"));
}

TEST_F(OwnPathTest, of_a_link_the_link_goes_and_not_what_it_leads_to) {
    const std::string link = folder + "/link";
    std::filesystem::create_symlink("token", link);
    { const OwnPath ours(link); }
    EXPECT_FALSE(std::filesystem::is_symlink(link));
    EXPECT_TRUE(is_there());
}

TEST_F(OwnPathTest, what_was_not_there_is_not_removed_later) {
    ::unlink(path.c_str());
    {
        const OwnPath nothing(path);
        std::ofstream(path) << "another's";
    }
    EXPECT_TRUE(is_there());
}

}  // namespace
}  // namespace st
