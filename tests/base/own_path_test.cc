#include "base/own_path.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "support/temporary_folder.h"

namespace st {
namespace {

class OwnPathTest : public ::testing::Test {
 protected:
    OwnPathTest() { std::ofstream(path) << "ours"; }
    bool is_there() const {
        return std::filesystem::is_symlink(path) || std::filesystem::exists(path);
    }

    const test::TemporaryFolder temporary;
    const std::string& folder = temporary.path();
    const std::string path = folder + "/token";
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
