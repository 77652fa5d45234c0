#include "mp4/sample_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "mp4/file_error.h"
#include "support/temporary_folder.h"

namespace st::mp4 {
namespace {

namespace fs = std::filesystem;
using Kind = FileError::Kind;

Bytes bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

class SampleFileTest : public testing::Test {
 protected:
    std::string path(const char* name) const { return folder_ + "/" + name; }
    std::string content(const char* name) const { return test::read_text(path(name)); }
    void put(const char* name, const char* text) const { std::ofstream(path(name)) << text; }
    /// The kind and text of the error that making a file of this name ends with.
    static std::pair<Kind, std::string> refusal(const std::string& at, bool overwrite) {
        try {
            const SampleFile file(at, overwrite);
        } catch (const FileError& error) {
            return {error.kind(), error.what()};
        }
        return {Kind::io, "made"};
    }

    const test::TemporaryFolder temporary_;
    const std::string& folder_ = temporary_.path();
};

TEST_F(SampleFileTest, has_its_name_only_once_it_is_kept) {
    SampleFile file(path("a.mp4"), false);
    file.append(bytes_of("head"));
    const std::string body = "body";
    file.append_borrowed(bytes_of(body));
    EXPECT_EQ(file.position(), 8U);
    file.sync();
    EXPECT_FALSE(fs::exists(path("a.mp4")));
    EXPECT_EQ(content("a.mp4.part"), "headbody");
    file.keep();
    EXPECT_EQ(content("a.mp4"), "headbody");
    EXPECT_FALSE(fs::exists(path("a.mp4.part")));
}

TEST_F(SampleFileTest, leaves_nothing_behind_if_it_is_not_kept) {
    { SampleFile(path("a.mp4"), false).append(bytes_of("x")); }
    EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(SampleFileTest, replaces_a_file_only_if_told_to) {
    put("a.mp4", "old");
    EXPECT_EQ(refusal(path("a.mp4"), false),
              std::pair(Kind::cannot_create, path("a.mp4") + " exists; -y overwrites it"));
    {
        SampleFile file(path("a.mp4"), true);
        file.append(bytes_of("new"));
        file.flush();
        EXPECT_EQ(content("a.mp4"), "old") << "until it is kept";
        file.keep();
    }
    EXPECT_EQ(content("a.mp4"), "new");
}

TEST_F(SampleFileTest, does_not_replace_what_appeared_meanwhile) {
    SampleFile file(path("a.mp4"), false);
    put("a.mp4", "another's");
    try {
        file.keep();
        FAIL() << "kept";
    } catch (const FileError& error) {
        EXPECT_EQ(error.kind(), Kind::cannot_create);
    }
    EXPECT_EQ(content("a.mp4"), "another's");
}

TEST_F(SampleFileTest, replaces_what_a_link_leads_to_and_not_the_link) {
    put("real.mp4", "old");
    fs::create_symlink("real.mp4", path("link.mp4"));
    SampleFile file(path("link.mp4"), true);
    file.append(bytes_of("new"));
    file.flush();
    file.keep();
    EXPECT_TRUE(fs::is_symlink(path("link.mp4")));
    EXPECT_EQ(content("real.mp4"), "new");
}

TEST_F(SampleFileTest, is_made_only_where_a_file_can_be) {
    EXPECT_EQ(refusal(folder_, true).first, Kind::cannot_create);
    EXPECT_EQ(refusal(path("no-such-folder/a.mp4"), true).first, Kind::cannot_create);
    fs::create_symlink("b", path("a"));
    fs::create_symlink("a", path("b"));
    EXPECT_EQ(refusal(path("a"), true).first, Kind::cannot_create);
    ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
    EXPECT_EQ(refusal(path("pipe"), true).second,
              path("pipe") + " is not a regular file; -o - writes to standard output");
}

TEST_F(SampleFileTest, takes_over_a_part_that_a_dead_process_left_but_no_other) {
    put("a.mp4.part", "a very long leftover");
    SampleFile file(path("a.mp4"), false);
    file.append(bytes_of("new"));
    file.flush();
    EXPECT_EQ(content("a.mp4.part"), "new");
    EXPECT_EQ(refusal(path("a.mp4"), false),
              std::pair(Kind::cannot_create,
                        path("a.mp4.part") + " is being written by another process"));
}

TEST_F(SampleFileTest, patches_what_is_written_and_what_is_still_remembered) {
    SampleFile file(path("a.mp4"), false);
    file.append(bytes_of("0123456789"));
    file.patch(2, bytes_of("xx"));
    file.flush();
    file.append(bytes_of("abc"));
    file.patch(9, bytes_of("yy"));
    file.append(bytes_of("d"));
    file.flush();
    EXPECT_EQ(content("a.mp4.part"), "01xx45678yybcd");
}

TEST_F(SampleFileTest, makes_room_in_the_middle) {
    SampleFile file(path("a.mp4"), false);
    file.append(bytes_of("head"));
    const std::string body(3 << 20, 'b');
    file.append(bytes_of(body));
    file.make_room(4, 6);
    file.patch(4, bytes_of("index!"));
    file.append(bytes_of("end"));
    file.flush();
    EXPECT_EQ(content("a.mp4.part"), "headindex!" + body + "end");
    EXPECT_EQ(file.position(), 4 + 6 + body.size() + 3);
}

TEST_F(SampleFileTest, a_skipped_range_reads_as_zeros) {
    SampleFile file(path("a.mp4"), false);
    file.append(bytes_of("a"));
    file.skip(3);
    file.append(bytes_of("b"));
    file.flush();
    EXPECT_EQ(content("a.mp4.part"), std::string("a\0\0\0b", 5));
}

TEST_F(SampleFileTest, goes_on_after_a_rest_without_a_descriptor) {
    SampleFile file(path("a.mp4"), false);
    file.append(bytes_of("one"));
    file.rest();
    EXPECT_EQ(content("a.mp4.part"), "one");
    file.append(bytes_of("two"));
    file.patch(0, bytes_of("O"));
    file.sync();
    file.rest();
    file.keep();
    EXPECT_EQ(content("a.mp4"), "Onetwo");
}

TEST_F(SampleFileTest, small_and_large_pieces_come_out_in_order) {
    SampleFile file(path("a.mp4"), false);
    std::string expected;
    std::vector<std::string> borrowed;
    borrowed.reserve(2000);
    for (int i = 0; i < 2000; ++i) {
        const std::string head = std::to_string(i) + ":";
        borrowed.push_back(std::string(static_cast<std::size_t>(i % 300), 'x'));
        file.append(bytes_of(head));
        file.append_borrowed(bytes_of(borrowed.back()));
        expected += head + borrowed.back();
    }
    file.flush();
    EXPECT_EQ(content("a.mp4.part"), expected);
    EXPECT_EQ(file.position(), expected.size());
}

TEST(SampleFileInMemory, is_read_and_dropped_from_the_front) {
    const auto file = SampleFile::to_memory();
    file->append(bytes_of("0123456789"));
    EXPECT_EQ(file->front(3)[0], '0');
    file->drop(3);
    EXPECT_EQ(file->front(1)[0], '3');
    file->patch(4, bytes_of("x"));
    EXPECT_EQ(file->front(2)[1], 'x');
    file->drop(6);
    file->append(bytes_of("ab"));
    EXPECT_EQ(file->front(3)[0], '9');
    EXPECT_EQ(file->front(3)[2], 'b');
    EXPECT_EQ(file->position(), 12U);
}

TEST(SampleFileThatCounts, writes_nothing) {
    SampleFile file;
    file.append(bytes_of("12345"));
    file.append_borrowed(bytes_of("678"));
    file.sync();
    file.keep();
    EXPECT_EQ(file.position(), 8U);
}

}  // namespace
}  // namespace st::mp4
