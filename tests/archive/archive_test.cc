#include "archive/archive.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <system_error>

#include "archive/films.h"
#include "archive/scan.h"

namespace st::archive {
namespace {

constexpr char kStream[] = "/live/walk";

/// The program can open nothing more.
class NoDescriptors {
 public:
    NoDescriptors() {
        EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
        const int lowest = ::dup(0);
        ::close(lowest);
        rlimit none = before_;
        none.rlim_cur = static_cast<rlim_t>(lowest);
        EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    }
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
    rlimit before_{};
};

class ArchiveTest : public testing::Test {
 protected:
    Archive& archive() {
        if (!catalogue_) catalogue_.emplace(folder_.path(), Log());
        EXPECT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
        if (!archive_) archive_.emplace(*catalogue_, DumpTimes{}, held_files_max_);
        return *archive_;
    }
    /// Files of a second each, without a gap, numbered from 0 on.
    void put_seconds(std::uint32_t count) {
        Film film;
        for (std::uint32_t i = 0; i < count; ++i) {
            film.pictures = samples(25, 0, 40, i * 25, 25);
            put_segment(folder_, kStream, kDayUs + i * kSecondUs, film);
        }
    }
    Result<MovieFilePtr> movie(std::int64_t start_us, std::int64_t duration_us,
                               const std::string& stream = kStream) {
        return archive().movie({stream, start_us, duration_us, Gaps::keep}, false);
    }
    ShownFilm shown(std::int64_t start_us, std::int64_t duration_us,
                    const std::string& stream = kStream) {
        const auto made = movie(start_us, duration_us, stream);
        EXPECT_TRUE(made) << made.error().message;
        return made ? read_film(bytes_of(**made)) : ShownFilm();
    }

    TestFolder folder_;
    std::optional<Catalogue> catalogue_;
    std::optional<Archive> archive_;
    std::size_t held_files_max_ = kHeldFilesMax;
};

TEST_F(ArchiveTest, a_moment_is_a_movie_of_the_pictures_from_the_key_frame_on_only) {
    Film film;
    film.pictures = samples(1500, 0, 40, 0, 25);
    film.picture_bytes = 1000;
    put_segment(folder_, kStream, kDayUs, film);
    for (const std::uint32_t wanted : {0U, 24U, 700U, 1499U}) {
        const auto file = archive().moment(kStream, kDayUs + (wanted * 40 + 39) * kMs);
        ASSERT_TRUE(file) << file.error().message;
        const auto bytes = bytes_of(*file);
        EXPECT_LT(bytes.size(), 40'000U);
        EXPECT_EQ(read_film(bytes).picture_numbers(), std::vector{wanted});
    }
}

TEST_F(ArchiveTest, the_first_picture_of_a_moment_is_that_of_the_movie_whatever_else_has_it) {
    // Sound begins 320 ms before the pictures; and the newest file is not the one that is shown.
    Film film;
    film.pictures = samples(100, 320, 40, 0, 10);
    film.sounds = samples(216, 0, 20, 0);
    put_segment(folder_, kStream, kDayUs, film);
    film.pictures = samples(50, 0, 40, 1'000, 10);
    film.sounds.clear();
    put_segment(folder_, kStream, kDayUs + 1'010 * kMs, film);
    for (const std::int64_t at_ms : {320, 1'000, 1'030, 2'345}) {
        const auto first = static_cast<std::uint32_t>((at_ms - 320) / 40);
        EXPECT_EQ(shown(kDayUs + at_ms * kMs, 1).picture_numbers(), std::vector{first});
        const auto file = archive().moment(kStream, kDayUs + at_ms * kMs);
        ASSERT_TRUE(file) << file.error().message;
        EXPECT_EQ(read_film(bytes_of(*file)).picture_numbers(), std::vector{first}) << at_ms;
    }
}

TEST_F(ArchiveTest, what_lies_in_too_many_files_is_refused_and_never_cut_short) {
    Film film;
    film.pictures = samples(1, 0, 40, 0);
    const auto count = static_cast<std::int64_t>(kCutFilesMax) + 1;
    for (std::int64_t i = 0; i < count; ++i) {
        put_segment(folder_, kStream, kDayUs + i * 40 * kMs, film);
    }
    const auto refused = movie(kDayUs, count * 40 * kMs);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, 413);
    EXPECT_EQ(refused.error().message, "that lies in more than 2000 files: ask for a shorter part");
    EXPECT_EQ(shown(kDayUs, (count - 1) * 40 * kMs).pictures.size(), kCutFilesMax);
}

TEST_F(ArchiveTest, without_descriptors_nothing_is_left_out_or_taken_for_gone) {
    put_seconds(3);
    const std::string id = folder_.put({"door", kDayUs});
    EXPECT_EQ(shown(kDayUs, 3 * kSecondUs).pictures.size(), 75U);
    // What changed just now is looked at again by every question; what is older, once.
    for (const char* name : {"", "/live", "/live/live/walk"}) {
        fs::last_write_time(folder_.path() + name,
                            fs::file_time_type::clock::now() - std::chrono::hours(1));
    }
    EXPECT_EQ(shown(kDayUs, 3 * kSecondUs).pictures.size(), 75U);
    const record::Recordings recordings(folder_.path());
    const SegmentFolder folder = segment_folders_of(kStream).at(0);
    const SegmentFile file = segment_files(folder_.path(), folder).at(0);
    {
        const NoDescriptors none;
        // What the catalogue looks at: what is not there is dropped from it.
        EXPECT_THROW((void)recordings.names(), std::system_error);
        EXPECT_EQ(recordings.get(id).error().code, 503);
        EXPECT_THROW((void)scan_recording(recordings, id), std::system_error);
        EXPECT_THROW((void)segment_folders(folder_.path()), std::system_error);
        EXPECT_THROW((void)segment_files(folder_.path(), folder), std::system_error);
        EXPECT_THROW((void)scan_segment(folder_.path(), folder, file), std::system_error);
        EXPECT_THROW((void)open_below(folder_.path(), "x"), std::system_error);
        EXPECT_THROW((void)movie(kDayUs, 3 * kSecondUs), std::system_error);
        EXPECT_THROW((void)archive().moment(kStream, kDayUs), std::system_error);
        EXPECT_EQ(remove_segment(folder_.path(), "live/live/walk/1.mp4").error().code, 503);
    }
    EXPECT_EQ(shown(kDayUs, 3 * kSecondUs).pictures.size(), 75U);
    EXPECT_EQ(remove_segment(folder_.path(), "live/live/walk/1.mp4").error().code, 404);
}

TEST_F(ArchiveTest, answers_hold_no_more_files_than_they_may_and_give_back_what_nobody_reads) {
    held_files_max_ = 3;
    put_seconds(4);
    ASSERT_TRUE(movie(kDayUs, 2 * kSecondUs));
    ASSERT_TRUE(movie(kDayUs, kSecondUs));
    // Both are only remembered.
    auto three = movie(kDayUs, 3 * kSecondUs);
    ASSERT_TRUE(three) << three.error().message;
    // An answer has the pieces, not the movie.
    std::vector<MovieFile::Piece> pieces = (*three)->pieces;
    three = MovieFilePtr();
    const auto refused = movie(kDayUs + 3 * kSecondUs, 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, 503);
    EXPECT_EQ(refused.error().message,
              "other answers of the archive hold too many files: try again in a moment");
    pieces.erase(pieces.begin(), pieces.end() - 1);
    EXPECT_FALSE(movie(kDayUs + 3 * kSecondUs, 1));
    pieces.clear();
    EXPECT_TRUE(movie(kDayUs + 3 * kSecondUs, 1));
    EXPECT_EQ(movie(kDayUs, 4 * kSecondUs).error().code, 413);
}

}  // namespace
}  // namespace st::archive
