#include "archive/archive.h"

#include <gtest/gtest.h>

#include "archive/films.h"

namespace st::archive {
namespace {

constexpr char kStream[] = "/live/walk";

class ArchiveTest : public testing::Test {
 protected:
    Archive& archive() {
        if (!catalogue_) catalogue_.emplace(folder_.path(), Log());
        EXPECT_TRUE(catalogue_->wait(std::chrono::minutes(1)));
        if (!archive_) archive_.emplace(*catalogue_);
        return *archive_;
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

}  // namespace
}  // namespace st::archive
