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

}  // namespace
}  // namespace st::mp4
