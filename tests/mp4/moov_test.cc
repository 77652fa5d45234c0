#include "mp4/moov.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "mp4/box_reader.h"
#include "mp4/film.h"
#include "mp4/fragments.h"
#include "support/temporary_folder.h"

namespace st::mp4 {
namespace {

using read_back::boxes;
using read_back::fields;
using read_back::find;
using read_back::types;
using testing::ElementsAre;

const std::vector<std::string> kTables = {"moov", "trak", "mdia", "minf", "stbl"};

std::vector<std::string> table(const char* type) {
    auto way = kTables;
    way.emplace_back(type);
    return way;
}

TEST(Mp4, is_ftyp_free_mdat_and_moov) {
    const auto file = made(Film(in_order(7)));
    EXPECT_THAT(types(file), ElementsAre("ftyp", "free", "mdat", "moov"));
    EXPECT_EQ(find(file, {"mdat"}).size(), 7U * 5);
    EXPECT_EQ(boxes(file)[2].at + 8, kMp4HeadBytes) << "samples begin where begin_mp4() ended";
}

TEST(Mp4, has_a_table_entry_for_every_sample) {
    const auto file = made(Film(in_order(7)));
    EXPECT_THAT(fields(find(file, table("stts"))), ElementsAre(1, 7, 3000));
    EXPECT_THAT(fields(find(file, table("stsz"))), ElementsAre(0, 7, 5, 5, 5, 5, 5, 5, 5));
    EXPECT_THAT(fields(find(file, table("stss"))), ElementsAre(2, 1, 6));
    EXPECT_THAT(fields(find(file, table("stsc"))), ElementsAre(1, 1, 7, 1));
    EXPECT_THAT(fields(find(file, table("stco"))), ElementsAre(1, kMp4HeadBytes));
    EXPECT_TRUE(find(file, table("ctts"), false).empty()) << "nothing is reordered";
    EXPECT_TRUE(find(file, {"moov", "trak", "edts"}, false).empty());
}

TEST(Mp4, other_parameter_sets_have_their_own_sample_description_and_chunks) {
    Film film(in_order(20));
    film.change(5, 1);
    film.change(10, 0);
    film.change(15, 2);
    const auto file = made(film);
    const Bytes stsd = find(file, table("stsd"));
    EXPECT_EQ(load_be32(stsd.data() + 4), 3U);
    const auto entries = boxes(stsd.subspan(8));
    ASSERT_EQ(entries.size(), 3U);
    for (const auto& entry : entries) EXPECT_EQ(entry.type, "avc1");
    EXPECT_THAT(fields(find(file, table("stsc"))),
                ElementsAre(4, 1, 5, 1, 2, 5, 2, 3, 5, 1, 4, 5, 3));
    EXPECT_THAT(
        fields(find(file, table("stco"))),
        ElementsAre(4, kMp4HeadBytes, kMp4HeadBytes + 25, kMp4HeadBytes + 50, kMp4HeadBytes + 75));
}

TEST(Mp4, a_film_of_key_frames_needs_no_list_of_them_and_one_without_has_an_empty_list) {
    Film keys(in_order(3));
    for (std::size_t i = 0; i < 3; ++i) keys.pictures()[i].is_sync = 1;
    EXPECT_TRUE(find(made(keys), table("stss"), false).empty());
    Film none(in_order(3));
    for (std::size_t i = 0; i < 3; ++i) none.pictures()[i].is_sync = 0;
    EXPECT_THAT(fields(find(made(none), table("stss"))), ElementsAre(0));
}

TEST(Mp4, reordered_pictures_have_offsets_and_an_edit_that_starts_with_the_first_shown) {
    // I P B B: decoded one picture before they are shown.
    const auto file = made(Film({0, 3, 1, 2}));
    EXPECT_THAT(fields(find(file, table("stts"))), ElementsAre(1, 4, 3000));
    EXPECT_THAT(fields(find(file, table("ctts"))), ElementsAre(3, 1, 3000, 1, 9000, 2, 0));
    // One edit, of the whole duration, from 3000 on, at normal speed.
    const auto edit = fields(find(file, {"moov", "trak", "edts", "elst"}));
    EXPECT_THAT(edit, ElementsAre(1, 12'000, 3000, 0x10000));
}

TEST(Mp4, a_time_of_day_and_a_rotation_are_written) {
    Film film(in_order(2));
    film.metadata().created_us = 1'769'843'730'000'000;  // 2026-01-31T07:15:30Z
    film.metadata().rotate = 90;
    const auto file = made(film);
    const auto mvhd = fields(find(file, {"moov", "mvhd"}));
    EXPECT_EQ(mvhd[0], 1'769'843'730U + 2'082'844'800U);
    // The matrix of a quarter turn; the picture is moved right by its height.
    const auto tkhd = fields(find(file, {"moov", "trak", "tkhd"}));
    EXPECT_THAT(std::vector(tkhd.begin() + 9, tkhd.begin() + 18),
                ElementsAre(0, 0x10000, 0, 0xFFFF0000, 0, 0, 360U << 16, 0, 0x40000000));
}

class Mp4InFile : public testing::Test {
 protected:
    std::vector<std::uint8_t> made_with_room(const Film& film, std::uint64_t room) {
        SampleFile file(folder_ + "/a.mp4", true);
        begin_mp4(file, room);
        for (std::size_t i = 0; i < film.size(); ++i) file.append(Film::sample());
        end_mp4(file, film.track(), room);
        file.sync();
        file.keep();
        std::ifstream in(folder_ + "/a.mp4", std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    const test::TemporaryFolder temporary_;
    const std::string& folder_ = temporary_.path();
};

TEST_F(Mp4InFile, the_index_stands_in_front_if_there_is_room) {
    const Film film(in_order(7));
    const auto file = made_with_room(film, kIndexBytesBeside + 7 * kIndexBytesPerPicture);
    EXPECT_THAT(types(file), ElementsAre("ftyp", "moov", "free", "free", "mdat"));
    const auto offset = fields(find(file, table("stco")))[1];
    EXPECT_EQ(offset, boxes(file)[4].at + 8);
    EXPECT_EQ(find(file, {"mdat"}).size(), 7U * 5);
}

TEST_F(Mp4InFile, samples_are_moved_if_the_room_was_too_small) {
    const Film film(in_order(7));
    const auto file = made_with_room(film, 8);
    EXPECT_EQ(types(file).front(), "ftyp");
    EXPECT_EQ(types(file)[1], "moov");
    EXPECT_EQ(types(file).back(), "mdat");
    const auto offset = fields(find(file, table("stco")))[1];
    EXPECT_EQ(offset, boxes(file).back().at + 8);
    const Bytes samples = find(file, {"mdat"});
    ASSERT_EQ(samples.size(), 7U * 5);
    for (std::size_t i = 0; i < 7; ++i) {
        EXPECT_TRUE(std::ranges::equal(samples.subspan(i * 5, 5), Film::sample())) << i;
    }
}

TEST(FragmentedMp4, begins_a_fragment_at_each_key_frame) {
    const Film film(in_order(7));
    const auto file = SampleFile::to_memory();
    Fragments writer(*file);
    const Track track = film.track();
    writer.begin(track);
    for (std::size_t i = 0; i < film.size(); ++i) writer.picture(i, Film::sample());
    writer.finish();
    const Bytes all = file->front(static_cast<std::size_t>(file->position()));
    EXPECT_THAT(types(all), ElementsAre("ftyp", "moov", "moof", "mdat", "moof", "mdat"));
    EXPECT_EQ(fields(find(all, {"moov", "mvex", "mehd"})), (std::vector<std::uint32_t>{0, 21'000}));
    const auto found = boxes(all);
    // Five pictures, then two; the second fragment is decoded from 15,000 on.
    EXPECT_EQ(fields(find(found[2].body, {"traf", "trun"}))[0], 5U);
    EXPECT_EQ(fields(find(found[4].body, {"traf", "trun"}))[0], 2U);
    EXPECT_EQ(fields(find(found[4].body, {"traf", "tfdt"})),
              (std::vector<std::uint32_t>{0, 15'000}));
    EXPECT_EQ(fields(find(found[4].body, {"mfhd"}))[0], 2U);
    // The data offset counts from the moof's beginning to the first sample.
    const auto trun = fields(find(found[4].body, {"traf", "trun"}));
    EXPECT_EQ(found[4].at + trun[1], found[5].at + 8);
    EXPECT_THAT(std::vector(trun.begin() + 2, trun.begin() + 6),
                ElementsAre(3000, 5, 0x02000000, 0));
    EXPECT_EQ(trun[8], 0x01010000U) << "the second one depends on others";
}

}  // namespace
}  // namespace st::mp4
