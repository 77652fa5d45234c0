#include "takes/movie_job.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "media/movie_facts.h"
#include "mux/failure.h"

namespace st::takes {
namespace {

namespace fs = std::filesystem;

/// Movies whose size is their number of pictures; a helper says that those before which something
/// was lost cannot be decoded.
class Decodable : public testing::Test {
 protected:
    Decodable() { fs::create_directories(folder_); }
    ~Decodable() override { fs::remove_all(folder_); }

    std::string movie(const std::string& name, std::size_t pictures) const {
        const fs::path path = folder_ / name;
        std::ofstream(path) << std::string(pictures, 'x');
        return path.string();
    }

    worker::JobResult run(const worker::Job& job) {
        EXPECT_EQ(job.name, media::kDecodableJob);
        const auto request = media::from_bytes<media::DecodableRequest>(job.request);
        EXPECT_TRUE(request);
        EXPECT_EQ(job.fds.size(), 3U);
        if (!request || job.fds.size() != 3) return {std::string(), {}};
        if (refuses_) return {worker::JobError{worker::Fault::refused, "no video track"}, {}};
        const auto pictures = static_cast<std::size_t>(::lseek(job.fds[0], 0, SEEK_END));
        std::vector<std::uint32_t> lost(request->pictures);
        EXPECT_EQ(::pread(job.fds[1], lost.data(), lost.size() * sizeof lost[0], 0),
                  static_cast<ssize_t>(lost.size() * sizeof lost[0]));
        std::vector<std::uint8_t> answer(pictures);
        for (std::size_t i = 0; i < std::min(pictures, lost.size()); ++i)
            answer[i] = lost[i] == 0 ? 1 : 0;
        EXPECT_EQ(::write(job.fds[2], answer.data(), answer.size()),
                  static_cast<ssize_t>(answer.size()));
        return {std::string(), {}};
    }

    Result<std::vector<bool>> find(const std::vector<std::string>& movies,
                                   const std::vector<std::uint32_t>& lost) {
        std::vector<mux::PictureRow> rows(lost.size());
        for (std::size_t i = 0; i < lost.size(); ++i) rows[i].lost_before = lost[i];
        return find_decodable(movies, rows, "door",
                              [this](const worker::Job& job) { return run(job); }, {});
    }

    const fs::path folder_ =
        fs::temp_directory_path() / ("movie_job_" + std::to_string(::getpid()));
    bool refuses_ = false;
};

TEST_F(Decodable, pictures_count_over_all_movies_and_so_do_their_losses) {
    const auto found = find({movie("a", 3), movie("b", 2)}, {0, 1, 0, 0, 4});
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(*found, (std::vector<bool>{true, false, true, true, false}));
}

TEST_F(Decodable, a_table_of_other_movies_is_refused) {
    for (const std::size_t pictures : {1U, 3U}) {
        const auto found = find({movie("a", pictures)}, {0, 0});
        ASSERT_FALSE(found);
        EXPECT_EQ(found.error().message, "door: its table is not that of its film");
        EXPECT_EQ(found.error().code, static_cast<int>(mux::Exit::bad_input));
    }
}

TEST_F(Decodable, what_a_helper_refuses_is_bad_input) {
    refuses_ = true;
    const auto found = find({movie("a", 1)}, {0});
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().message, "door: no video track");
    EXPECT_EQ(found.error().code, static_cast<int>(mux::Exit::bad_input));
}

TEST_F(Decodable, a_movie_that_is_not_there_is_no_helpers_matter) {
    const auto found = find({(folder_ / "none").string()}, {0});
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, static_cast<int>(mux::Exit::io));
}

}  // namespace
}  // namespace st::takes
