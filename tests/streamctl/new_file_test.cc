#include "streamctl/recordings/new_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>

#include "streamctl/client/failed.h"
#include "support/temporary_folder.h"

namespace st::streamctl {
namespace {

namespace fs = std::filesystem;

class NewFiles : public testing::Test {
 protected:
    std::string path() const { return (folder_ / "a.jpg").string(); }
    std::string content() const { return test::read_text(path()); }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
    }
    static int code_of(const std::function<void()>& does) {
        try {
            does();
        } catch (const Failed& failed) {
            return failed.exit_code();
        }
        return cli::kDone;
    }

    const test::TemporaryFolder temporary_;
    const fs::path folder_ = temporary_.path();
};

TEST_F(NewFiles, has_its_name_once_it_is_whole) {
    {
        NewFile file(path());
        file.write(as_bytes("half"));
        EXPECT_FALSE(fs::exists(path()));
    }
    EXPECT_EQ(files(), 0U) << "nobody wanted it";
    NewFile file(path());
    file.write(as_bytes("who"));
    file.write(as_bytes("le"));
    file.keep();
    EXPECT_EQ(content(), "whole");
    EXPECT_EQ(file.bytes(), 5U);
    EXPECT_EQ(files(), 1U);
}

TEST_F(NewFiles, overwrites_none) {
    std::ofstream(path()) << "mine";
    EXPECT_EQ(code_of([&] { NewFile file(path()); }), cli::kCannotCreate);
    EXPECT_EQ(code_of([&] { NewFile file(folder_.string()); }), cli::kCannotCreate);
    EXPECT_EQ(content(), "mine");
    EXPECT_EQ(files(), 1U);
}

TEST_F(NewFiles, overwrites_none_that_came_meanwhile) {
    const auto makes = [&] {
        NewFile file(path());
        file.write(as_bytes("late"));
        std::ofstream(path()) << "mine";
        file.keep();
    };
    EXPECT_EQ(code_of(makes), cli::kCannotCreate);
    EXPECT_EQ(content(), "mine");
    EXPECT_EQ(files(), 1U);
}

TEST_F(NewFiles, standard_output_has_no_name) { EXPECT_NO_THROW(refuse_used_name("-")); }

}  // namespace
}  // namespace st::streamctl
