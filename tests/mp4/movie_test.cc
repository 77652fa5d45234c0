#include "mp4/movie.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "mp4/film.h"

namespace st::mp4 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using File = std::vector<std::uint8_t>;

/// I P B B P B B, the next key frame, and so on.
std::vector<std::uint32_t> reordered() { return {0, 3, 1, 2, 4, 5, 8, 6, 7, 9}; }

std::size_t place_of(const File& file, const std::string& type) {
    const auto found = std::search(file.begin(), file.end(), type.begin(), type.end());
    EXPECT_NE(found, file.end()) << type;
    return static_cast<std::size_t>(found - file.begin());
}

template <class T, class Member>
std::vector<Member> all(const std::vector<T>& from, Member T::*member) {
    std::vector<Member> out;
    for (const T& item : from) out.push_back(item.*member);
    return out;
}

TEST(ReadMovie, gives_back_times_places_and_key_frames_of_a_file_with_an_index) {
    const Film film(reordered());
    const File file = made(film);
    const auto movie = read_movie(source_of(file));
    ASSERT_TRUE(movie) << movie.error().message;
    EXPECT_FALSE(movie->is_growing);
    ASSERT_EQ(movie->tracks.size(), 1U);
    const MovieTrack& track = movie->tracks[0];
    EXPECT_EQ(track.kind, MovieKind::video);
    EXPECT_EQ(track.ticks_per_second, 90'000U);
    EXPECT_EQ(track.width, 640U << 16);
    ASSERT_EQ(track.descriptions.size(), 1U);
    EXPECT_EQ(std::string(track.descriptions[0].begin() + 4, track.descriptions[0].begin() + 8),
              "avc1");
    ASSERT_EQ(track.samples.size(), film.size());
    const std::int64_t zero = track.zero(movie->ticks_per_second);
    EXPECT_EQ(zero, 3000);  // one picture of reordering
    for (std::size_t i = 0; i < film.size(); ++i) {
        const MovieSample& sample = track.samples[i];
        EXPECT_EQ(sample.shown() - zero, std::int64_t{reordered()[i]} * 3000) << i;
        EXPECT_EQ(sample.bytes, 5U);
        EXPECT_EQ(sample.is_sync, i % 5 == 0);
        EXPECT_TRUE(std::ranges::equal(Bytes(file).subspan(sample.at, 5), Film::sample())) << i;
    }
    EXPECT_EQ(movie->duration_us(), 333'333);
    const auto head = read_movie_head(source_of(file));
    ASSERT_TRUE(head);
    EXPECT_EQ(head->duration_us, 333'333);
}

TEST(ReadMovie, reads_fragments_as_it_reads_an_index) {
    const Film film(reordered());
    const File indexed_file = made(film);
    const File fragmented_file = made_of_fragments(film);
    const auto indexed = read_movie(source_of(indexed_file));
    const auto fragmented = read_movie(source_of(fragmented_file));
    ASSERT_TRUE(indexed);
    ASSERT_TRUE(fragmented) << fragmented.error().message;
    EXPECT_TRUE(fragmented->is_growing);
    const auto& a = indexed->tracks[0].samples;
    const auto& b = fragmented->tracks[0].samples;
    EXPECT_EQ(all(a, &MovieSample::decoded), all(b, &MovieSample::decoded));
    EXPECT_EQ(all(a, &MovieSample::shown_after), all(b, &MovieSample::shown_after));
    EXPECT_EQ(all(a, &MovieSample::duration), all(b, &MovieSample::duration));
    EXPECT_EQ(all(a, &MovieSample::is_sync), all(b, &MovieSample::is_sync));
    EXPECT_EQ(read_movie_head(source_of(fragmented_file))->duration_us, indexed->duration_us());
}

TEST(ReadMovie, a_growing_file_gives_at_each_length_the_fragments_that_are_whole) {
    const File file = made_of_fragments(Film(in_order(15)));
    std::size_t before = 0;
    for (std::size_t bytes = place_of(file, "moof") - 4; bytes <= file.size(); ++bytes) {
        const auto movie = read_movie(source_of(Bytes(file).first(bytes)));
        ASSERT_TRUE(movie) << bytes << ": " << movie.error().message;
        const std::size_t count = movie->tracks[0].samples.size();
        EXPECT_EQ(count % 5, 0U);  // a fragment begins at each key frame
        EXPECT_GE(count, before);
        before = count;
    }
    EXPECT_EQ(before, 15U);
}

TEST(ReadMovie, refuses_what_lies_outside_of_the_file_or_contradicts_itself) {
    const File good = made(Film(in_order(6)));
    const auto refused = [&](const std::string& table, std::size_t field, std::uint32_t value) {
        File bad = good;
        store_be32(bad.data() + place_of(bad, table) + 4 + field, value);
        const auto movie = read_movie(source_of(bad));
        return movie ? std::string() : movie.error().message;
    };
    EXPECT_THAT(refused("stco", 8, 0x7FFFFFFF), HasSubstr("behind the end of the file"));
    EXPECT_THAT(refused("stco", 4, 0x10000000), HasSubstr("cut short"));
    EXPECT_THAT(refused("stco", 4, 0), HasSubstr("no chunk"));
    EXPECT_THAT(refused("stsz", 8, 0xFFFFFFFF), HasSubstr("more samples than are read"));
    EXPECT_THAT(refused("stsz", 4, 0x10000000), HasSubstr("behind the end of the file"));
    EXPECT_THAT(refused("stts", 8, 7), HasSubstr("samples there are not"));
    EXPECT_THAT(refused("stts", 8, 5), HasSubstr("leaves samples out"));
    EXPECT_THAT(refused("stss", 8, 0), HasSubstr("names no sample"));
    EXPECT_THAT(refused("stsc", 8, 2), HasSubstr("out of order"));
    EXPECT_THAT(refused("stsc", 16, 9), HasSubstr("names no sample description"));
    EXPECT_THAT(refused("moov", 0, 4), HasSubstr("no mvhd"));
    for (std::size_t bytes = 0; bytes < good.size(); ++bytes) {
        EXPECT_FALSE(read_movie(source_of(Bytes(good).first(bytes)))) << bytes;
    }
}

/// Groups of five, the last two of which are shown before the third.
std::vector<std::uint32_t> many_reordered(std::uint32_t groups) {
    std::vector<std::uint32_t> out;
    for (std::uint32_t group = 0; group < groups; ++group) {
        for (const std::uint32_t place : {0U, 1U, 4U, 2U, 3U}) out.push_back(group * 5 + place);
    }
    return out;
}

TEST(ReadMovie, keeps_what_a_span_needs_and_knows_how_long_the_whole_is) {
    const File file = made(Film(many_reordered(60)));
    const auto whole = read_movie(source_of(file));
    ASSERT_TRUE(whole) << whole.error().message;
    const MovieTrack& all = whole->tracks[0];
    const std::int64_t zero = all.zero(whole->ticks_per_second);
    const auto us = [&](const MovieSample& sample) { return (sample.shown() - zero) * 100 / 9; };
    for (std::int64_t from_us = -50'000; from_us < 9'990'000; from_us += 61'000) {
        const std::int64_t to_us = from_us + 170'000;
        const auto part = read_movie(source_of(file), {from_us, to_us});
        ASSERT_TRUE(part) << part.error().message;
        const MovieTrack& track = part->tracks[0];
        EXPECT_EQ(track.shown_from(), all.shown_from());
        EXPECT_EQ(track.shown_until(), all.shown_until());
        EXPECT_EQ(part->duration_us(), whole->duration_us());
        EXPECT_LE(track.samples.size(), 90U);
        // One run of them, which begins at a key frame and is as it is in the whole.
        const auto begin =
            std::ranges::find(all.samples, track.samples.front().at, &MovieSample::at);
        ASSERT_NE(begin, all.samples.end());
        EXPECT_TRUE(begin->is_sync);
        EXPECT_LE(us(*begin), std::max<std::int64_t>(from_us, 0));
        for (std::size_t i = 0; i < track.samples.size(); ++i) {
            const MovieSample& sample = begin[static_cast<std::ptrdiff_t>(i)];
            ASSERT_EQ(track.samples[i].at, sample.at);
            ASSERT_EQ(track.samples[i].shown(), sample.shown());
            ASSERT_EQ(track.samples[i].is_sync, sample.is_sync);
        }
        const auto end = begin + static_cast<std::ptrdiff_t>(track.samples.size());
        for (auto left = end; left != all.samples.end(); ++left) ASSERT_GE(us(*left), to_us);
    }
}

TEST(ReadMovie, gives_a_part_of_more_pictures_than_it_would_keep) {
    constexpr std::uint32_t kCount = kMovieSamplesMax + 500'000;
    File file = made(Film(in_order(6)));
    const auto set = [&](const std::string& table, std::size_t field, std::uint32_t value) {
        store_be32(file.data() + place_of(file, table) + 4 + field, value);
    };
    set("stsz", 4, 5);  // the size of all
    set("stsz", 8, kCount);
    set("stts", 8, kCount);
    set("stsc", 12, kCount);
    const std::string unused = "free";  // all are key frames
    std::ranges::copy(unused, file.begin() + static_cast<std::ptrdiff_t>(place_of(file, "stss")));
    MovieSource source = source_of(file);
    source.bytes += std::uint64_t{kCount} * 5;
    source.read = [&file](std::uint64_t at, std::span<std::uint8_t> into) {
        if (at + into.size() > file.size()) return false;
        std::ranges::copy(Bytes(file).subspan(static_cast<std::size_t>(at), into.size()),
                          into.begin());
        return true;
    };
    const auto whole = read_movie(source);
    ASSERT_FALSE(whole);
    EXPECT_EQ(whole.error().code, kTooManySamples);
    constexpr std::int64_t kLateUs = (std::int64_t{kCount} - 300) * 100'000 / 3;
    const auto part = read_movie(source, {kLateUs, kLateUs + 1'000'000});
    ASSERT_TRUE(part) << part.error().message;
    EXPECT_LT(part->tracks[0].samples.size(), 120U);
    EXPECT_EQ(part->duration_us() / 1000, std::int64_t{kCount} * 100 / 3);
    const std::int64_t first = part->tracks[0].samples.front().shown();
    EXPECT_EQ(part->tracks[0].samples.front().at, part->tracks[0].samples[0].at);
    EXPECT_LE(first * 100 / 9, kLateUs);
    EXPECT_GE(first * 100 / 9, kLateUs - 100'000);
}

}  // namespace
}  // namespace st::mp4
