#include "base/read_text.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <thread>

#include "support/temporary_folder.h"

namespace st {
namespace {

class ReadText : public testing::Test {
 protected:
    std::string file_of(const std::string& text) const {
        std::ofstream(path_, std::ios::binary) << text;
        return path_;
    }

    const test::TemporaryFolder folder_;
    const std::string path_ = folder_.path() + "/text";
};

TEST_F(ReadText, gives_what_is_in_the_file) {
    const std::string text = std::string("a\0b\r\n", 5) + std::string(200'000, 'x');
    EXPECT_EQ(*read_text(file_of(text), 1 << 20), text);
    EXPECT_EQ(*read_text(file_of(""), 0), "");
}

TEST_F(ReadText, refuses_a_byte_over_the_limit) {
    for (const std::size_t size : {5U, 65'536U, 131'072U}) {
        const std::string path = file_of(std::string(size, 'x'));
        EXPECT_EQ(read_text(path, size)->size(), size);
        const auto refused = read_text(path, size - 1);
        ASSERT_FALSE(refused) << size;
        EXPECT_EQ(refused.error().code, EFBIG);
        EXPECT_EQ(refused.error().message, path + ": File too large");
    }
}

TEST_F(ReadText, says_why_a_file_cannot_be_read) {
    const auto missing = read_text(path_, 10);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ENOENT);
    EXPECT_EQ(missing.error().message, path_ + ": No such file or directory");
    EXPECT_EQ(read_text(folder_.path(), 10).error().code, EISDIR);
}

TEST_F(ReadText, reads_a_pipe_to_its_end) {
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    std::jthread writer([&] { std::ofstream(path_) << "one" << std::flush << "two"; });
    EXPECT_EQ(*read_text(path_, 10), "onetwo");
}

}  // namespace
}  // namespace st
