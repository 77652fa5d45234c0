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

TEST(ClockText, is_seconds_below_a_minute_and_a_clock_from_there_on) {
    EXPECT_EQ(clock_text(0), "0.0s");
    EXPECT_EQ(clock_text(12'340), "12.3s");
    EXPECT_EQ(clock_text(60'000), "0:01:00");
    EXPECT_EQ(clock_text(3'723'999), "1:02:03");
    EXPECT_EQ(clock_text(360'000'000), "100:00:00");
}

}  // namespace
}  // namespace st::streamctl
