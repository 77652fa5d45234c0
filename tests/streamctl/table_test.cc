#include "streamctl/console/table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace st::streamctl {
namespace {

std::string printed(const Table& table) {
    std::ostringstream out;
    table.print(out);
    return out.str();
}

TEST(Table, aligns_text_left_and_numbers_right) {
    Table table({{"NAME"}, {"FPS", true}, {"STATE"}});
    table.add({"door", "29.97", "recording"});
    table.add({"front-garden", "5", "idle"});
    EXPECT_EQ(printed(table),
              "NAME            FPS  STATE\n"
              "door          29.97  recording\n"
              "front-garden      5  idle\n");
}

TEST(Table, has_its_titles_when_it_has_no_rows) {
    EXPECT_EQ(printed(Table({{"NAME"}, {"BYTES", true}})), "NAME  BYTES\n");
}

TEST(Table, leaves_no_blanks_at_the_end_of_a_line) {
    Table table({{"NAME"}, {"ERROR"}});
    table.add({"a-long-name", ""});
    EXPECT_EQ(printed(table), "NAME         ERROR\na-long-name\n");
}

std::string printed_in(std::size_t width) {
    Table table({{"ID"}, {"TAKE", false, 1}, {"PICTURES", true, 2}, {"STATE"}});
    table.add({"door_20260131_081530", "walk1", "301", "done"});
    table.add({"gate_20260131_081530", "-", "4", "recording"});
    EXPECT_EQ(table.width(), 48U);
    std::ostringstream out;
    table.print(out, width);
    return out.str();
}

TEST(Table, leaves_columns_out_until_it_fits) {
    EXPECT_EQ(printed_in(48),
              "ID                    TAKE   PICTURES  STATE\n"
              "door_20260131_081530  walk1       301  done\n"
              "gate_20260131_081530  -             4  recording\n");
    EXPECT_EQ(printed_in(47),
              "ID                    TAKE   STATE\n"
              "door_20260131_081530  walk1  done\n"
              "gate_20260131_081530  -      recording\n");
    EXPECT_EQ(printed_in(35),
              "ID                    STATE\n"
              "door_20260131_081530  done\n"
              "gate_20260131_081530  recording\n");
}

TEST(Table, cuts_the_widest_cells_where_no_column_can_be_left_out) {
    EXPECT_EQ(printed_in(24),
              "ID             STATE\n"
              "door_2026013…  done\n"
              "gate_2026013…  recording\n");
    EXPECT_EQ(printed_in(1),
              "ID    STA…\n"
              "doo…  done\n"
              "gat…  rec…\n")
        << "narrower than four places a cell says nothing";
}

TEST(Table, gives_long_names_a_line_of_their_own_where_there_is_little_room) {
    Table table({{"ID", false, 0, 0, true}, {"TAKE", false, 1}, {"LOST", true, 2}, {"STATE"}});
    table.add({"door_20260131_081530", "walk1", "0", "done"});
    table.add({"gate_20260131_081530", "-", "21", "recording"});
    const auto in = [&](std::size_t width) {
        std::ostringstream out;
        table.print(out, width);
        return out.str();
    };
    EXPECT_EQ(in(50),
              "ID                    TAKE   LOST  STATE\n"
              "door_20260131_081530  walk1     0  done\n"
              "gate_20260131_081530  -        21  recording\n");
    EXPECT_EQ(in(40),
              "ID\n"
              "  TAKE   LOST  STATE\n"
              "door_20260131_081530\n"
              "  walk1     0  done\n"
              "gate_20260131_081530\n"
              "  -        21  recording\n")
        << "nothing of the name is lost, and no column";
    EXPECT_EQ(in(20).substr(0, 15), "ID\n  TAKE   STA") << "the rest is fitted as ever";
}

TEST(Table, counts_places_and_not_bytes) {
    Table table({{"NAME"}, {"N", true}});
    table.add({"ü…", "1"});
    table.add({"abc", "2"});
    EXPECT_EQ(printed(table), "NAME  N\nü…    1\nabc   2\n");
}

TEST(InColumns, reads_downwards_and_keeps_within_the_width) {
    EXPECT_EQ(in_columns({"a", "bb", "c", "d", "e"}, 9), "a   d\nbb  e\nc\n");
    EXPECT_EQ(in_columns({"a", "bb", "c"}, 100), "a   bb  c\n");
    EXPECT_EQ(in_columns({"a-long-name", "b"}, 5), "a-long-name\nb\n");
    EXPECT_EQ(in_columns({}, 80), "");
}

TEST(Counted, has_a_plural) {
    EXPECT_EQ(counted(1, "message"), "1 message");
    EXPECT_EQ(counted(0, "message"), "0 messages");
}

TEST(ClockText, is_seconds_below_a_minute_and_a_clock_from_there_on) {
    EXPECT_EQ(clock_text(0), "0.0s");
    EXPECT_EQ(clock_text(12'340), "12.3s");
    EXPECT_EQ(clock_text(60'000), "0:01:00");
    EXPECT_EQ(clock_text(3'723'999), "1:02:03");
    EXPECT_EQ(clock_text(360'000'000), "100:00:00");
}

}  // namespace
}  // namespace st::streamctl
