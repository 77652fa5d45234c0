/// Where an output goes that is no plain new file: links, pipes, folders.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <new>
#include <utility>

#include "mux/recording.h"

namespace st::mux {
namespace {

namespace fs = std::filesystem;

class Output : public Muxing {
 protected:
    Job job_to(const std::string& name) const {
        Job one = job(plain_dump(make_messages(12)));
        one.output = path(name);
        return one;
    }
};

TEST_F(Output, a_link_is_followed_and_stays) {
    fs::create_directory(path("far"));
    write("far/movie.mp4", Octets{1, 2, 3});
    fs::create_symlink("far/movie.mp4", path("near.mp4"));
    fs::create_symlink("near.mp4", path("link.mp4"));
    const auto report = convert(job_to("link.mp4"));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->files.at(0).path, path("link.mp4"));
    EXPECT_TRUE(fs::is_symlink(path("link.mp4")));
    EXPECT_TRUE(fs::is_symlink(path("near.mp4")));
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(path("far/movie.mp4"))));
    EXPECT_GT(fs::file_size(path("far/movie.mp4")), 1000U);
    EXPECT_EQ(files(), (std::vector<std::string>{"far", "input", "link.mp4", "near.mp4"}));
}

TEST_F(Output, a_link_to_what_does_not_exist_yet_makes_it) {
    fs::create_symlink("movie.mp4", path("link.mp4"));
    ASSERT_TRUE(convert(job_to("link.mp4")));
    EXPECT_TRUE(fs::is_symlink(path("link.mp4")));
    EXPECT_EQ(files(), (std::vector<std::string>{"input", "link.mp4", "movie.mp4"}));
}

TEST_F(Output, a_ring_of_links_is_refused) {
    fs::create_symlink("b.mp4", path("a.mp4"));
    fs::create_symlink("a.mp4", path("b.mp4"));
    const auto report = convert(job_to("a.mp4"));
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, 73) << report.error().message;
    EXPECT_TRUE(fs::is_symlink(path("b.mp4")));
}

TEST_F(Output, what_is_no_plain_file_is_refused_and_stays) {
    ASSERT_EQ(::mkfifo(path("pipe.mp4").c_str(), 0600), 0);
    fs::create_symlink("pipe.mp4", path("link.mp4"));
    fs::create_directory(path("folder.mp4"));
    for (const char* name : {"pipe.mp4", "link.mp4", "folder.mp4"}) {
        for (const bool overwrite : {true, false}) {
            Job one = job_to(name);
            one.overwrite = overwrite;
            const auto report = convert(one);
            ASSERT_FALSE(report) << name;
            EXPECT_EQ(report.error().code, 73);
            EXPECT_NE(report.error().message.find("-o -"), std::string::npos)
                << report.error().message;
        }
    }
    EXPECT_TRUE(fs::is_fifo(path("pipe.mp4")));
    EXPECT_TRUE(fs::is_symlink(path("link.mp4")));
    EXPECT_EQ(files(), (std::vector<std::string>{"folder.mp4", "input", "link.mp4", "pipe.mp4"}));
}

TEST_F(Output, a_thumbnail_replaces_no_pipe) {
    ASSERT_EQ(::mkfifo(path("first.jpg").c_str(), 0600), 0);
    Job one = job_to("out.mp4");
    one.thumbnail = path("first.jpg");
    const auto report = convert(one);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, 73) << report.error().message;
    EXPECT_TRUE(fs::is_fifo(path("first.jpg")));
    EXPECT_EQ(files(), (std::vector<std::string>{"first.jpg", "input"}));
}

/// Does something before a film gets its name.
class Disturbing final : public Verifier {
 public:
    Disturbing(Verifier& verifier, std::function<void()> disturb)
        : verifier_(verifier), disturb_(std::move(disturb)) {}
    Result<Verified> verify(const Verification& wanted) override {
        disturb_();
        return verifier_.verify(wanted);
    }

 private:
    Verifier& verifier_;
    const std::function<void()> disturb_;
};

TEST_F(Output, a_film_has_no_name_if_its_table_gets_none) {
    Job one = job_to("out.mp4");
    one.overwrite = false;
    one.table = path("pictures.csv");
    Disturbing verifier(verifier_, [&] { write("pictures.csv", Octets{1}); });
    one.verifier = &verifier;
    const auto report = convert(one);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, 73) << report.error().message;
    EXPECT_EQ(files(), (std::vector<std::string>{"input", "pictures.csv"}));
    EXPECT_EQ(fs::file_size(one.table), 1U);
}

TEST_F(Output, memory_that_is_not_to_be_had_fails_one_job_alone) {
    Job one = job_to("out.mp4");
    Disturbing verifier(verifier_, [] { throw std::bad_alloc(); });
    one.verifier = &verifier;
    const auto report = convert(one);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, 74) << report.error().message;
    EXPECT_EQ(files(), std::vector<std::string>{"input"});
}

}  // namespace
}  // namespace st::mux
