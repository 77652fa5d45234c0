#include "mux/picture_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "mux/align.h"
#include "mux/recording.h"

namespace st::mux {
namespace {

PictureTable two_rows() {
    PictureTable table;
    table.files = {"stream.mp4", "stream-002.mp4"};
    PictureRow first;
    first.seq = 1;
    first.take_us = -250;
    first.wall_us = 1'769'846'400'000'750;
    first.device_us = 5'000'000'123;
    first.arrival_us = 1'300;
    first.duration_us = 33'333;
    first.bytes = 41'000;
    first.is_key = true;
    PictureRow second;
    second.picture = 1;
    second.pts_us = 0;
    second.duration_us = 33'334;
    second.bytes = 900;
    second.lost_before = 2;
    second.file = 1;
    table.rows = {first, second};
    return table;
}

constexpr std::string_view kTwoRows =
    "picture,seq,take_us,wall,device_us,arrival_us,pts_us,duration_us,bytes,key,lost_before,file\n"
    "0,1,-250,2026-01-31T08:00:00.000750Z,5000000123,1300,0,33333,41000,1,0,stream.mp4\n"
    "1,,,,,,0,33334,900,0,2,stream-002.mp4\n";

TEST(PictureTable, is_written_as_documented_and_read_back) {
    EXPECT_EQ(to_csv(two_rows()), kTwoRows);
    const auto table = read_picture_table(kTwoRows);
    ASSERT_TRUE(table) << table.error().message;
    EXPECT_EQ(table->files, two_rows().files);
    EXPECT_EQ(table->rows[0].wall_us, 1'769'846'400'000'750);
    EXPECT_EQ(to_csv(*table), kTwoRows);
}

TEST(PictureTable, may_come_in_pieces_of_any_size) {
    for (std::size_t bytes = 1; bytes <= kTwoRows.size(); ++bytes) {
        PictureTable table;
        PictureTableReader reader([&](const PictureRow& row, const std::string& file) {
            if (table.files.empty() || table.files.back() != file) table.files.push_back(file);
            table.rows.push_back(row);
        });
        for (std::size_t at = 0; at < kTwoRows.size(); at += bytes)
            ASSERT_TRUE(reader.feed(kTwoRows.substr(at, bytes)));
        ASSERT_TRUE(reader.finish());
        ASSERT_EQ(to_csv(table), kTwoRows) << bytes;
    }
}

TEST(PictureTable, has_a_longest_line) {
    PictureTableReader reader([](const PictureRow&, const std::string&) {});
    ASSERT_TRUE(reader.feed(kPictureTableHeader));
    const std::string endless(1 << 20, '7');
    const auto read = reader.feed(endless);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message, "line 2: is too long");
}

TEST(PictureTable, says_which_line_and_column_cannot_be_read) {
    const auto why = [](std::string text, std::string_view from, std::string_view to) {
        const std::size_t at = text.find(from);
        text.replace(at, from.size(), to);
        const auto table = read_picture_table(text);
        return table ? std::string("nothing") : table.error().message;
    };
    const std::string whole(kTwoRows);
    EXPECT_EQ(why(whole, "picture,", "image,"), "line 1: not the header of this table");
    EXPECT_EQ(why(whole, "\n0,", "\n7,"), "line 2: column 1 is wrong");
    EXPECT_EQ(why(whole, ",-250,", ",a,"), "line 2: column 3 is wrong");
    EXPECT_EQ(why(whole, "T08:00:00.0", "T08:00:00,0"), "line 2: column 4 is wrong");
    EXPECT_EQ(why(whole, ",900,0,2,", ",900,2,2,"), "line 3: column 10 is wrong");
    EXPECT_EQ(why(whole, ",900,0,2,stream-002.mp4", ",900"), "line 3: column 9 is wrong");
    EXPECT_EQ(why(whole, "002.mp4\n", "002.mp4"), "line 3: is cut off");
}

class Tabled : public Muxing {
 protected:
    PictureTable table_of(Job& job) {
        job.table = path("pictures.csv");
        auto report = convert(job);
        if (!report) {
            ADD_FAILURE() << report.error().message;
            return {};
        }
        report_ = std::move(*report);
        return read(job.table);
    }
    static PictureTable read(const std::string& path) {
        const Octets bytes = read_file(path);
        auto table =
            read_picture_table({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        EXPECT_TRUE(table) << table.error().message;
        return table ? std::move(*table) : PictureTable();
    }
    Report report_;
};

TEST_F(Tabled, has_a_row_for_each_picture_with_the_time_at_which_the_file_shows_it) {
    std::vector<Sent> sent = make_messages(60);
    sent.erase(sent.begin() + 20, sent.begin() + 23);  // three never came
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i].device_ms += i % 3;
    Octets dump;
    std::uint32_t seq = 0;
    for (std::size_t i = 0; i < sent.size(); ++i, ++seq) {
        if (i == 20) seq += 3;
        add(dump, camera::encode_header({sent[i].device_ms, seq, sent[i].payload}));
        add(dump, sent[i].payload);
    }
    Job one = job(dump);
    const PictureTable table = table_of(one);
    const std::vector<double> shown = display_times_of(one.output);
    ASSERT_EQ(table.rows.size(), shown.size());
    for (std::size_t i = 0; i < shown.size(); ++i) {
        const PictureRow& row = table.rows[i];
        ASSERT_NEAR(static_cast<double>(row.pts_us) / 1000, shown[i], 0.02) << i;
        ASSERT_EQ(row.device_us, sent[i + 1].device_ms * 1000) << i;
        ASSERT_EQ(row.lost_before, i == 19 ? 3U : 0U) << i;
        ASSERT_EQ(row.seq, i < 19 ? i + 1 : i + 4) << i;
        ASSERT_FALSE(row.take_us) << "nobody noted arrivals";
        const std::int64_t next =
            i + 1 < shown.size() ? table.rows[i + 1].pts_us : row.pts_us + row.duration_us;
        ASSERT_EQ(row.pts_us + row.duration_us, next) << i;
    }
    EXPECT_EQ(table.files, std::vector<std::string>{"out.mp4"});
    EXPECT_EQ(report_.files.back().kind, "pictures");
    EXPECT_EQ(report_.files.back().bytes, read_file(one.table).size());
}

TEST_F(Tabled, names_the_loss_behind_a_picture_that_waits_for_the_next_message) {
    constexpr std::size_t kSmall = 24;  // nobody can tell whether the next message goes on with it
    std::vector<Sent> sent = make_messages(40);
    for (std::size_t i = 1; i < sent.size(); ++i) sent[i].payload.resize(kSmall);
    Octets dump;
    for (std::uint32_t seq = 0; seq < sent.size(); ++seq) {
        if (seq == 20 || seq == 21) continue;
        add(dump, camera::encode_header({sent[seq].device_ms, seq, sent[seq].payload}));
        add(dump, sent[seq].payload);
    }
    Job one = job(dump);
    const PictureTable table = table_of(one);
    ASSERT_EQ(table.rows.size(), 38U);
    for (const PictureRow& row : table.rows)
        ASSERT_EQ(row.lost_before, row.seq == 22U ? 2U : 0U) << row.picture;
}

TEST_F(Tabled, puts_a_recorded_dump_on_the_servers_clock) {
    Job one = job(recorded_dump(make_messages(50)).bytes);
    const PictureTable table = table_of(one);
    ASSERT_EQ(table.rows.size(), 50U);
    for (const PictureRow& row : table.rows) {
        ASSERT_EQ(row.take_us, 40'000 * static_cast<std::int64_t>(row.picture));
        ASSERT_EQ(*row.wall_us - *table.rows[0].wall_us, *row.take_us);
        ASSERT_NEAR(static_cast<double>(*row.arrival_us - *row.take_us), 0, 2);
    }
    EXPECT_EQ(table.rows[0].wall_us, 1'700'000'000'040'000) << "the second message";
    ASSERT_TRUE(report_.place);
    EXPECT_NEAR(report_.place->first_us, 40'000, 2);
}

/// A camera whose clock counts 40 ms where 40.04 go by: in 80 s it is two pictures behind.
Octets slow_clock(std::size_t pictures) {
    std::vector<std::uint64_t> arrivals_ns;
    for (std::size_t i = 0; i <= pictures; ++i) arrivals_ns.push_back(i * 40'040'000);
    return recorded_dump(make_messages(pictures), {.arrivals_ns = arrivals_ns}).bytes;
}

TEST_F(Tabled, tells_by_the_wall_clock_which_picture_is_shown) {
    Job one = job(slow_clock(2000));
    const PictureTable table = table_of(one);
    ASSERT_EQ(table.rows.size(), 2000U);
    EXPECT_GT(*table.rows.back().take_us, table.rows.back().pts_us + 70'000) << "it drifts";
    for (std::size_t i = 1; i < table.rows.size(); i += 97) {
        const PictureRow& row = table.rows[i];
        for (const std::int64_t after_us : {0, 39'000}) {
            Job at = one;
            at.from = at.to = std::chrono::hours(0);  // about there would be enough
            at.from_wall_us = *row.wall_us + after_us;
            at.to_wall_us = *at.from_wall_us + 1000;
            const auto report = inspect(at);
            ASSERT_TRUE(report) << report.error().message;
            EXPECT_GE(report->from_us, row.pts_us) << i;
            EXPECT_LT(report->from_us, row.pts_us + row.duration_us) << i;
            EXPECT_EQ(report->pictures, 10U) << "its group";
        }
    }
    const auto whole = inspect(one);
    EXPECT_NEAR(static_cast<double>(*whole->end_taken_wall_us - *whole->first_taken_wall_us),
                2000 * 40'040.0, 50);
}

TEST_F(Tabled, keeps_the_zero_of_a_take) {
    Job one = job(slow_clock(50));
    const PictureTable own = table_of(one);
    constexpr std::int64_t kLaterUs = 900'000;  // than the take's zero
    one.take_zero = TakeZero{500'000 + 40'040 - kLaterUs, *own.rows[0].wall_us - kLaterUs - 7};
    const PictureTable moved = table_of(one);
    for (std::size_t i = 0; i < own.rows.size(); ++i) {
        ASSERT_NEAR(static_cast<double>(*moved.rows[i].take_us - *own.rows[i].take_us), kLaterUs,
                    5);
        ASSERT_EQ(*moved.rows[i].arrival_us - *moved.rows[i].take_us,
                  *own.rows[i].arrival_us - *own.rows[i].take_us);
        ASSERT_NEAR(static_cast<double>(*moved.rows[i].wall_us - *own.rows[i].wall_us), -7, 5);
        ASSERT_EQ(moved.rows[i].pts_us, own.rows[i].pts_us);
    }
    Job at = one;  // as that table has it
    at.from = std::chrono::hours(0);
    at.from_wall_us = moved.rows[20].wall_us;
    EXPECT_NEAR(static_cast<double>(inspect(at)->from_us), static_cast<double>(own.rows[20].pts_us),
                1);
}

TEST_F(Tabled, can_be_all_that_is_written_and_whoever_only_looks_writes_none) {
    Job one = job(recorded_dump(make_messages(5)).bytes);
    one.table = path("pictures.csv");
    ASSERT_TRUE(inspect(one));
    EXPECT_EQ(files(), std::vector<std::string>{"input"});
    Job* const jobs[] = {&one};
    ASSERT_TRUE(align(jobs).at(0));
    EXPECT_EQ(files(), std::vector<std::string>{"input"});
    ASSERT_TRUE(make_table(one));
    EXPECT_EQ(files(), (std::vector<std::string>{"input", "pictures.csv"}));
    EXPECT_EQ(read(one.table).rows.size(), 5U);
}

TEST_F(Tabled, is_refused_where_there_is_no_picture) {
    std::vector<Sent> sent = make_messages(5);
    sent.erase(sent.begin());  // the parameter sets
    Job one = job(plain_dump(sent));
    one.table = path("pictures.csv");
    const auto report = make_table(one);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, 65);
    EXPECT_NE(report.error().message.find("no decodable picture"), std::string::npos);
    EXPECT_EQ(inspect(one)->pictures, 0U);
    EXPECT_EQ(files(), std::vector<std::string>{"input"});
}

TEST_F(Tabled, names_no_film_that_does_not_stay) {
    Job one = job(plain_dump(make_messages(5)));
    one.keeps_output = false;
    EXPECT_EQ(table_of(one).files, std::vector<std::string>{""});
    one.keeps_output = true;
    EXPECT_EQ(table_of(one).files, std::vector<std::string>{"out.mp4"});
    ASSERT_TRUE(make_table(one));
    EXPECT_EQ(read(one.table).files, std::vector<std::string>{""}) << "none was made";
}

TEST_F(Tabled, is_not_there_if_the_film_could_not_be_made) {
    Job one = job(plain_dump(make_messages(5)));
    one.table = path("pictures.csv");
    write("out.mp4", Octets{1});
    one.overwrite = false;
    EXPECT_FALSE(convert(one));
    EXPECT_EQ(files(), (std::vector<std::string>{"input", "out.mp4"}));
}

}  // namespace
}  // namespace st::mux
