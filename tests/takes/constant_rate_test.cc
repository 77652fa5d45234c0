#include "takes/constant_rate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/fd_io.h"
#include "media/movie_facts.h"
#include "mux/failure.h"
#include "record/here.h"
#include "record/verifier.h"
#include "support/temporary_folder.h"

namespace st::takes {
namespace {

namespace fs = std::filesystem;

/// Pictures of data/tiny.h264.
constexpr std::size_t kPictures = 60;
constexpr int kCancelled = static_cast<int>(mux::Exit::cancelled);
constexpr int kCannotCreate = static_cast<int>(mux::Exit::cannot_create);
constexpr int kIo = static_cast<int>(mux::Exit::io);

/// In place of decoding and encoding: the stream is there.
worker::JobResult with_stream(const worker::Job& job) {
    if (job.name != media::kSlotsJob) return run_here(job);
    const std::string stream = test::read_text(ST_SOURCE_DIR "/tests/record/data/tiny.h264");
    EXPECT_TRUE(write_all(job.fds.back(), as_bytes(stream)));
    return {std::string(), {}};
}

/// Something happens once the film is whole, before it and its table have their names.
class Interrupting final : public mux::Verifier {
 public:
    Result<mux::Verified> verify(const mux::Verification& wanted) override {
        auto found = helper_.verify(wanted);
        if (then) then();
        return found;
    }
    std::function<void()> then;

 private:
    record::HelperVerifier helper_{with_stream, {}};
};

class ConstantRateTest : public testing::Test {
 protected:
    Result<mux::Report> make(bool overwrite) {
        ConstantRate wanted;
        const std::vector<Slot> slots(kPictures);
        put("source.mp4", "");
        wanted.movies = {path("source.mp4")};
        wanted.slots = slots;
        wanted.rate = 25;
        wanted.output = path("x.mp4");
        wanted.overwrite = overwrite;
        wanted.table = path("x.cfr.csv");
        wanted.table_text = "new";
        wanted.run = with_stream;
        wanted.verifier = &verifier_;
        wanted.cancel = cancel_.get_token();
        auto made = encode(wanted);
        fs::remove(path("source.mp4"));
        return made;
    }
    std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
    void put(const std::string& name, const std::string& text) const {
        std::ofstream(path(name)) << text;
    }
    std::vector<std::string> names() const {
        std::vector<std::string> found;
        for (const auto& entry : fs::directory_iterator(folder_.path()))
            found.push_back(entry.path().filename().string());
        std::ranges::sort(found);
        return found;
    }
    void expect_as_before() const {
        EXPECT_EQ(names(), (std::vector<std::string>{"x.cfr.csv", "x.mp4"}));
        EXPECT_EQ(test::read_text(path("x.cfr.csv")), "old");
        EXPECT_EQ(test::read_text(path("x.mp4")), "old");
    }

    test::TemporaryFolder folder_;
    Interrupting verifier_;
    std::stop_source cancel_;
};

TEST_F(ConstantRateTest, a_film_and_its_table_replace_those_of_before) {
    put("x.mp4", "old");
    put("x.cfr.csv", "old");
    const auto made = make(true);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(names(), (std::vector<std::string>{"x.cfr.csv", "x.mp4"}));
    EXPECT_EQ(test::read_text(path("x.cfr.csv")), "new");
    EXPECT_GT(fs::file_size(path("x.mp4")), 1000U);
}

TEST_F(ConstantRateTest, one_that_is_interrupted_at_its_end_leaves_both_of_before) {
    put("x.mp4", "old");
    put("x.cfr.csv", "old");
    verifier_.then = [this] { cancel_.request_stop(); };
    const auto made = make(true);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, kCancelled);
    expect_as_before();
}

TEST_F(ConstantRateTest, a_film_that_does_not_get_its_name_leaves_the_table_of_before) {
    put("x.cfr.csv", "old");
    // A folder takes the film's name meanwhile.
    verifier_.then = [this] { fs::create_directory(path("x.mp4")); };
    const auto made = make(true);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, kIo);
    fs::remove(path("x.mp4"));
    put("x.mp4", "old");
    expect_as_before();
}

TEST_F(ConstantRateTest, a_table_that_does_not_get_its_name_leaves_no_new_film) {
    verifier_.then = [this] { put("x.cfr.csv", "of somebody else"); };
    const auto made = make(false);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, kCannotCreate);
    EXPECT_EQ(names(), std::vector<std::string>{"x.cfr.csv"});
    EXPECT_EQ(test::read_text(path("x.cfr.csv")), "of somebody else");
}

TEST_F(ConstantRateTest, a_table_that_cannot_be_one_is_said_before_anything_is_encoded) {
    put("x.mp4", "old");
    fs::create_directory(path("x.cfr.csv"));
    bool is_verified = false;
    verifier_.then = [&] { is_verified = true; };
    const auto made = make(true);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, kCannotCreate);
    EXPECT_FALSE(is_verified);
    EXPECT_EQ(test::read_text(path("x.mp4")), "old");
    fs::remove(path("x.cfr.csv"));
    put("x.cfr.csv", "old");
    ASSERT_FALSE(make(false)) << "nothing is replaced unless that is wished for";
    expect_as_before();
}

}  // namespace
}  // namespace st::takes
