#include "archive/cut.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace st::archive {
namespace {

using mp4::Movie;
using mp4::MovieKind;
using mp4::MovieSample;
using mp4::MovieTrack;

constexpr std::int64_t kPictureUs = 40'000;

/// Pictures of 40 ms in ticks of 1/1000 s, a key frame every `group`; with `reordered` each third
/// picture is shown before the two that are decoded before it.
Movie film(std::size_t count, std::size_t group, bool reordered = false) {
    Movie movie;
    movie.ticks_per_second = 1000;
    MovieTrack track;
    track.kind = MovieKind::video;
    track.id = 1;
    track.ticks_per_second = 1000;
    track.descriptions.push_back({0, 0, 0, 8, 'a', 'v', 'c', '1'});
    if (reordered) track.edits.push_back({0, 40});
    for (std::size_t i = 0; i < count; ++i) {
        MovieSample sample;
        sample.at = 100 + i * 10;
        sample.bytes = 10;
        sample.decoded = static_cast<std::int64_t>(i) * 40;
        sample.duration = 40;
        sample.is_sync = i % group == 0;
        const std::size_t place = i % group;
        if (reordered) sample.shown_after = place == 0 ? 40 : place % 2 == 1 ? 80 : 0;
        track.samples.push_back(sample);
    }
    movie.tracks.push_back(track);
    return movie;
}

/// From then to then of a movie, at that time of the cut.
Cut::Part part(std::size_t source, std::int64_t from_us, std::int64_t to_us, std::int64_t at_us) {
    return {source, at_us - from_us, from_us, from_us, to_us};
}

bool add(Cut& cut, const Movie& movie, const Cut::Part& what) {
    const auto added = cut.add(movie, what);
    EXPECT_TRUE(added) << added.error().message;
    return added && (added->pictures || added->sounds);
}

/// The track of a cut, read back as a player would: display times in ms of the pictures that are
/// shown, in order, with the number of each by its bytes' place.
std::vector<std::pair<std::int64_t, std::uint64_t>> shown(const Cut::Made& made) {
    std::vector<std::uint8_t> file = made.head;
    std::uint64_t bytes = 0;
    std::vector<std::uint64_t> places;
    for (const CutPiece& piece : made.pieces) {
        for (std::uint64_t at = piece.at; at < piece.at + piece.bytes; at += 10) {
            places.push_back(piece.source * 1000 + (at - 100) / 10);
        }
        bytes += piece.bytes;
    }
    file.resize(file.size() + bytes);
    const auto movie = mp4::read_movie(mp4::source_of(file));
    EXPECT_TRUE(movie) << movie.error().message;
    const MovieTrack& track = movie->tracks.at(0);
    const std::int64_t zero = track.zero(movie->ticks_per_second);
    std::int64_t length = 0;
    for (const auto& edit : track.edits) length += static_cast<std::int64_t>(edit.duration);
    std::vector<std::pair<std::int64_t, std::uint64_t>> out;
    std::int64_t before = -1;
    for (const MovieSample& sample : track.samples) {
        EXPECT_GT(sample.decoded, before);
        before = sample.decoded;
        const std::int64_t at = (sample.shown() - zero) * 1000 / track.ticks_per_second;
        if (at < 0 || at >= length / 90) continue;
        out.emplace_back(at, places.at((sample.at - made.head.size()) / 10));
    }
    std::ranges::sort(out);
    return out;
}

TEST(Cut, shows_from_the_picture_at_that_moment_on_whatever_is_decoded_before) {
    for (const bool reordered : {false, true}) {
        const Movie movie = film(60, 15, reordered);
        for (std::int64_t from = 0; from < 60; ++from) {
            Cut cut;
            ASSERT_TRUE(add(cut, movie, part(0, from * kPictureUs + 7'000, 60 * kPictureUs, 0)));
            EXPECT_EQ(cut.begin_us(), -7'000);
            const auto pictures = shown(cut.finish((60 - from) * kPictureUs - 7'000, 0));
            ASSERT_EQ(pictures.size(), static_cast<std::size_t>(60 - from));
            for (std::size_t i = 0; i < pictures.size(); ++i) {
                EXPECT_EQ(pictures[i].first, static_cast<std::int64_t>(i) * 40);
            }
        }
    }
}

TEST(Cut, ends_with_the_picture_that_is_shown_last) {
    const Movie movie = film(60, 15, true);
    Cut cut;
    ASSERT_TRUE(add(cut, movie, part(0, 0, 20 * kPictureUs, 0)));
    EXPECT_EQ(shown(cut.finish(20 * kPictureUs, 0)).size(), 20U);
}

TEST(Cut, a_short_one_has_hidden_pictures_behind_for_decoders_that_wait_for_more) {
    for (const auto& [group, decoded] :
         {std::pair(15U, 8U), std::pair(5U, 5U), std::pair(1U, 1U)}) {
        Cut cut;
        ASSERT_TRUE(add(cut, film(60, group), part(0, 0, kPictureUs, 0)));
        const auto made = cut.finish(kPictureUs, 0);
        EXPECT_EQ(shown(made).size(), 1U);
        EXPECT_EQ(made.pieces.at(0).bytes, decoded * 10U);
    }
}

TEST(Cut, joins_files_with_and_without_reordering_and_never_decodes_back) {
    const Movie plain = film(30, 15, false);
    const Movie reordered = film(30, 15, true);
    for (const auto& [first, second] :
         {std::pair(&plain, &reordered), std::pair(&reordered, &plain)}) {
        Cut cut;
        ASSERT_TRUE(add(cut, *first, part(0, 0, 30 * kPictureUs, 0)));
        ASSERT_TRUE(add(cut, *second, part(1, 0, 30 * kPictureUs, 30 * kPictureUs)));
        const auto pictures = shown(cut.finish(60 * kPictureUs, 0));
        ASSERT_EQ(pictures.size(), 60U);
        EXPECT_EQ(pictures[30].first, 1200);
        EXPECT_EQ(pictures[30].second, 1000U);
        EXPECT_EQ(pictures.back().first, 59 * 40);
    }
}

TEST(Cut, leaves_a_gap_where_nothing_is) {
    const Movie movie = film(30, 15);
    Cut cut;
    ASSERT_TRUE(add(cut, movie, part(0, 0, 30 * kPictureUs, 0)));
    ASSERT_TRUE(add(cut, movie, part(1, 0, 30 * kPictureUs, 3'600'000'000)));
    const auto pictures = shown(cut.finish(3'600'000'000 + 30 * kPictureUs, 0));
    ASSERT_EQ(pictures.size(), 60U);
    EXPECT_EQ(pictures[29].first, 29 * 40);
    EXPECT_EQ(pictures[30].first, 3'600'000);
}

TEST(Cut, where_files_overlap_the_second_goes_on_with_its_next_key_frame) {
    const Movie movie = film(60, 15);
    Cut cut;
    ASSERT_TRUE(add(cut, movie, part(0, 0, 60 * kPictureUs, 0)));
    ASSERT_TRUE(add(cut, movie, part(1, 20 * kPictureUs, 60 * kPictureUs, 60 * kPictureUs)));
    const auto pictures = shown(cut.finish(100 * kPictureUs, 0));
    ASSERT_EQ(pictures.size(), 60U + 30U);
    EXPECT_EQ(pictures[60], std::pair(std::int64_t{70 * 40}, std::uint64_t{1030}));
}

TEST(Cut, has_nothing_of_a_time_when_nothing_is_shown) {
    Cut cut;
    EXPECT_FALSE(add(cut, film(10, 5), part(0, 10 * kPictureUs, 20 * kPictureUs, 0)));
    EXPECT_TRUE(cut.empty());
}

TEST(Cut, formats_that_change_are_each_named_once) {
    Movie other = film(10, 5);
    other.tracks[0].descriptions[0].push_back(1);
    other.tracks[0].descriptions[0][3] = 9;
    Cut cut;
    ASSERT_TRUE(add(cut, film(10, 5), part(0, 0, 10 * kPictureUs, 0)));
    ASSERT_TRUE(add(cut, other, part(1, 0, 10 * kPictureUs, 10 * kPictureUs)));
    ASSERT_TRUE(add(cut, film(10, 5), part(2, 0, 10 * kPictureUs, 20 * kPictureUs)));
    const auto made = cut.finish(30 * kPictureUs, 0);
    std::vector<std::uint8_t> file = made.head;
    file.resize(file.size() + 300);
    const auto movie = mp4::read_movie(mp4::source_of(file));
    ASSERT_TRUE(movie) << movie.error().message;
    EXPECT_EQ(movie->tracks[0].descriptions.size(), 2U);
    EXPECT_EQ(movie->tracks[0].samples[15].description, 1U);
    EXPECT_EQ(movie->tracks[0].samples[25].description, 0U);
}

}  // namespace
}  // namespace st::archive
