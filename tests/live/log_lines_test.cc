#include "live/log_lines.h"

#include <gtest/gtest.h>

namespace st::live {
namespace {

using Lines = std::vector<std::string>;
constexpr std::int64_t kSecondNs = 1'000'000'000;

TEST(LogLines, cuts_lines_however_they_are_split) {
    constexpr std::string_view kText = "first\nsecond\r\nframe=1\rframe=2\n";
    for (std::size_t step = 1; step <= kText.size(); ++step) {
        SCOPED_TRACE(step);
        LogLines lines;
        Lines got;
        for (std::size_t at = 0; at < kText.size(); at += step) {
            for (auto& line : lines.feed(as_bytes(kText.substr(at, step)), 0)) got.push_back(line);
        }
        EXPECT_EQ(got, (Lines{"first", "second", "frame=1", "frame=2"}));
        EXPECT_EQ(lines.finish(), Lines{});
    }
}

TEST(LogLines, an_unfinished_line_comes_at_the_end) {
    LogLines lines;
    EXPECT_EQ(lines.feed(as_bytes("no newline"), 0), Lines{});
    EXPECT_EQ(lines.last(), "");
    EXPECT_EQ(lines.finish(), Lines{"no newline"});
    EXPECT_EQ(lines.last(), "no newline");
}

TEST(LogLines, holds_no_more_than_a_line_of_the_limit) {
    LogLines lines;
    const std::string longer(LogLines::kLineBytesMax + 1, 'x');
    const std::string longest(LogLines::kLineBytesMax, 'y');
    EXPECT_EQ(lines.feed(as_bytes(longer + "\n" + longest + "\n"), 0),
              (Lines{std::string(LogLines::kLineBytesMax, 'x') + "...", longest}));
}

TEST(LogLines, control_bytes_cannot_forge_a_line_or_move_a_cursor) {
    LogLines lines;
    EXPECT_EQ(lines.feed(as_bytes("a\x1b[2Jb\tc\x7f\xc3\xa9\n"), 0),
              Lines{"a\uFFFD[2Jb c\uFFFD\xc3\xa9"});
    EXPECT_EQ(lines.feed(as_bytes("c1 \xc2\x9b, bidi \xe2\x80\xae, bad \xff\n"), 0),
              Lines{"c1 \uFFFD, bidi \uFFFD, bad \uFFFD"});
    EXPECT_EQ(lines.last(), "c1 \uFFFD, bidi \uFFFD, bad \uFFFD");
}

TEST(LogLines, a_character_that_does_not_fit_is_cut_off_whole) {
    LogLines lines;
    const std::string full(LogLines::kLineBytesMax - 1, 'x');
    EXPECT_EQ(lines.feed(as_bytes(full + "\u20AC\u20AC\u20AC\n"), 0), Lines{full + "..."});
    const std::string bad(LogLines::kLineBytesMax, '\xff');
    EXPECT_EQ(lines.feed(as_bytes(bad + "\n"), 0).at(0).size(), LogLines::kLineBytesMax - 1 + 3);
}

TEST(LogLines, counts_what_is_too_much_for_one_second) {
    LogLines lines;
    std::string flood;
    for (int i = 0; i < 25; ++i) flood += std::to_string(i) + "\n";
    EXPECT_EQ(lines.feed(as_bytes(flood), kSecondNs).size(), LogLines::kLinesPerSecondMax);
    EXPECT_EQ(lines.last(), "24");
    EXPECT_EQ(lines.feed(as_bytes("25\n"), kSecondNs + 999'999'999), Lines{});
    EXPECT_EQ(lines.feed(as_bytes("26\n"), 2 * kSecondNs), (Lines{"(6 more lines)", "26"}));
    EXPECT_EQ(lines.finish(), Lines{});
}

}  // namespace
}  // namespace st::live
