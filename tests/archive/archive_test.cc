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
    record::Recordings recordings(folder_.path());
    const SegmentFolder folder = segment_folders_of(kStream).at(0);
    const SegmentFile file = segment_files(folder_.path(), folder).at(0);
    {
        const NoDescriptors none;
        // What the catalogue looks at: what is not there is dropped from it.
        EXPECT_THROW((void)recordings.names(), std::system_error);
        EXPECT_EQ(recordings.get(id).error().code, 503);
        EXPECT_EQ(recordings.open_file(id, "session.json").error().code, 503);
        EXPECT_EQ(recordings.keep(id, true).error().code, 503);
        EXPECT_EQ(recordings.remove(id).error().code, 503);
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

TEST_F(ArchiveTest, sound_far_from_its_pictures_comes_once_over_the_seams) {
    // Each file has 2 s of pictures, and the sound that came meanwhile.
    for (const std::int64_t ahead_ms : {-400, 0, 400}) {
        const std::string stream = "/live/s" + std::to_string(ahead_ms + 400);
        for (std::int64_t i = 0; i < 3; ++i) {
            const std::int64_t begin_ms = i * 2000;
            const std::int64_t sound_ms = i == 0 ? 0 : begin_ms + ahead_ms;
            const std::int64_t sound_end_ms = begin_ms + 2000 + (i == 2 ? 0 : ahead_ms);
            const std::int64_t zero_ms = std::min(begin_ms, sound_ms);
            Film film;
            film.pictures =
                samples(50, begin_ms - zero_ms, 40, static_cast<std::uint32_t>(i * 50), 10);
            film.sounds =
                samples(static_cast<std::size_t>((sound_end_ms - sound_ms) / 20),
                        sound_ms - zero_ms, 20, static_cast<std::uint32_t>(sound_ms / 20));
            put_segment(folder_, stream, kDayUs + zero_ms * kMs, film);
        }
        const ShownFilm all = shown(kDayUs, 6 * kSecondUs, stream);
        EXPECT_EQ(all.picture_numbers(), numbers(0, 150)) << ahead_ms;
        EXPECT_EQ(all.sound_numbers(), numbers(0, 300)) << ahead_ms;
        for (std::uint32_t i = 0; i < all.pictures.size(); ++i) {
            EXPECT_EQ(all.pictures[i].at_ms, 40 * i);
        }
        for (std::uint32_t i = 0; i < all.sounds.size(); ++i) {
            EXPECT_EQ(all.sounds[i].at_ms, 20 * i);
        }
        // Also where a file has only sound left.
        for (const std::int64_t at_ms : {1'650, 1'990, 2'010, 2'250, 3'999}) {
            const ShownFilm part = shown(kDayUs + at_ms * kMs, kSecondUs, stream);
            const auto first = static_cast<std::uint32_t>(at_ms / 40);
            ASSERT_FALSE(part.pictures.empty());
            EXPECT_EQ(part.pictures[0], (ShownSample{0, first})) << ahead_ms << " " << at_ms;
            const auto last = static_cast<std::uint32_t>((at_ms + 1'000 + 39) / 40);
            EXPECT_EQ(part.picture_numbers(), numbers(first, last)) << ahead_ms << " " << at_ms;
            EXPECT_EQ(shown(kDayUs + at_ms * kMs, 1, stream).picture_numbers(), std::vector{first});
        }
    }
}

TEST_F(ArchiveTest, parts_of_a_full_file_follow_each_other_whatever_their_clock_says) {
    const auto film = [](std::uint32_t number) {
        Film part;
        part.pictures = samples(250, 0, 40, number, 25);
        return part;
    };
    for (const std::int64_t off_ms : {-600, -300, -40, 0, 40, 300, 600}) {
        const std::int64_t begin_us = kDayUs + (off_ms + 1'000) * kDayUs;
        put_recording(folder_, begin_us, 10'000, "max_bytes", film(0));
        const std::int64_t second_us = begin_us + (10'000 + off_ms) * kMs;
        put_recording(folder_, second_us, 10'000, "max_bytes", film(250));
        const std::int64_t third_us = second_us + (10'000 + off_ms) * kMs;
        put_recording(folder_, third_us, 10'000, "stopped", film(500));
        const ShownFilm all = shown(begin_us, 40 * kSecondUs, "/camera/door");
        EXPECT_EQ(all.picture_numbers(), numbers(0, 750)) << off_ms;
        for (std::uint32_t i = 0; i < all.pictures.size(); ++i) {
            // Time that is missing passes, so that any moment is found by its wall clock.
            const std::int64_t gaps_ms = std::max<std::int64_t>(off_ms, 0) * (i / 250);
            EXPECT_EQ(all.pictures[i].at_ms, 40 * i + gaps_ms) << off_ms;
        }
        const auto spans =
            archive().spans({"/camera/door", begin_us, begin_us + 40 * kSecondUs, 10}).items;
        ASSERT_EQ(spans.size(), 1U) << off_ms;
        EXPECT_EQ(spans[0].end_us, third_us + 10 * kSecondUs);
    }
}

TEST_F(ArchiveTest, other_recordings_that_overlap_go_on_with_the_next_key_frame) {
    Film film;
    film.pictures = samples(250, 0, 40, 0, 25);
    put_recording(folder_, kDayUs, 10'000, "stopped", film);
    film.pictures = samples(250, 0, 40, 250, 25);
    put_recording(folder_, kDayUs + 9'400 * kMs, 10'000, "stopped", film);
    std::vector<std::uint32_t> expected = numbers(0, 250);
    for (std::uint32_t i = 275; i < 500; ++i) expected.push_back(i);
    EXPECT_EQ(shown(kDayUs, 40 * kSecondUs, "/camera/door").picture_numbers(), expected);
}

TEST_F(ArchiveTest, what_needs_pictures_of_another_file_is_shown_with_them_or_not_at_all) {
    // Key frame 2 is shown behind 0 and 1, which need what was before it.
    const auto open_group = [](std::uint32_t number) {
        Film film;
        film.pictures = {{80, number + 2, true},   {0, number, false},
                         {40, number + 1, false},  {200, number + 5, false},
                         {120, number + 3, false}, {160, number + 4, false}};
        return film;
    };
    put_recording(folder_, kDayUs, 240, "max_bytes", open_group(0));
    put_recording(folder_, kDayUs + 240 * kMs, 240, "stopped", open_group(6));
    const std::string door = "/camera/door";
    for (const std::int64_t at_ms : {0, 17, 50, 79}) {
        const auto moved = movie(kDayUs + at_ms * kMs, 1, door);
        ASSERT_TRUE(moved) << moved.error().message;
        EXPECT_EQ((*moved)->start_us, kDayUs + 80 * kMs);
        EXPECT_EQ(read_film(bytes_of(**moved)).pictures, (std::vector<ShownSample>{{0, 2}}));
        const auto moved_too = movie(kDayUs + (240 + at_ms) * kMs, 100 * kMs, door);
        ASSERT_TRUE(moved_too) << moved_too.error().message;
        EXPECT_EQ((*moved_too)->start_us, kDayUs + 320 * kMs);
        EXPECT_EQ(read_film(bytes_of(**moved_too)).pictures[0], (ShownSample{0, 8}));
    }
    // All that is before is there.
    const ShownFilm all = shown(kDayUs, kSecondUs, door);
    EXPECT_EQ(all.picture_numbers(), numbers(2, 12));
    EXPECT_EQ(shown(kDayUs + 200 * kMs, kSecondUs, door).picture_numbers(), numbers(5, 12));
}

TEST_F(ArchiveTest, a_pause_in_reordered_pictures_makes_no_file_longer) {
    // The picture shown last is decoded before the pause of 2 s, and the two before it behind it.
    Film film;
    film.pictures = {
        {0, 0, true, 0}, {2160, 3, false, 40}, {2080, 1, false, 2080}, {2120, 2, false, 2120}};
    put_segment(folder_, kStream, kDayUs, film);
    film.pictures = samples(50, 0, 40, 4, 50);
    put_segment(folder_, kStream, kDayUs + 2'200 * kMs, film);
    EXPECT_EQ(shown(kDayUs, 10 * kSecondUs).picture_numbers(), numbers(0, 54));
    EXPECT_EQ(shown(kDayUs + 2'210 * kMs, 1).picture_numbers(), numbers(4, 5));
}

}  // namespace
}  // namespace st::archive
