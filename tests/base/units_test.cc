#include "base/units.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/name.h"

namespace st {
namespace {

using std::chrono::milliseconds;

TEST(ParseDuration, reads_every_unit_and_bare_seconds) {
    EXPECT_EQ(*parse_duration("500ms"), milliseconds(500));
    EXPECT_EQ(*parse_duration("10s"), milliseconds(10'000));
    EXPECT_EQ(*parse_duration("10"), milliseconds(10'000));
    EXPECT_EQ(*parse_duration("1.5s"), milliseconds(1'500));
    EXPECT_EQ(*parse_duration("2m"), milliseconds(120'000));
    EXPECT_EQ(*parse_duration("1h"), milliseconds(3'600'000));
    EXPECT_EQ(*parse_duration("30d"), milliseconds(2'592'000'000));
    EXPECT_EQ(*parse_duration("0.5d"), milliseconds(43'200'000));
    EXPECT_EQ(*parse_duration("2w"), milliseconds(1'209'600'000));
}

TEST(ParseDuration, refuses_what_is_not_wholly_a_duration) {
    for (const char* text : {"", "s", "-1s", "1x", "1 s", "1e3", "1s2", "nan", ".5", "99999999h",
                             "600w", "1dw", "1D", "d"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(ParseSize, is_1024_based) {
    EXPECT_EQ(*parse_size("64K"), 65536U);
    EXPECT_EQ(*parse_size("8M"), 8U << 20);
    EXPECT_EQ(*parse_size("1G"), 1U << 30);
    EXPECT_EQ(*parse_size("1000"), 1000U);
    EXPECT_FALSE(parse_size("12Q"));
}

TEST(ParseBitrate, takes_a_bare_number_as_megabits) {
    EXPECT_EQ(*parse_bitrate("4M"), 4'000'000U);
    EXPECT_EQ(*parse_bitrate("2500k"), 2'500'000U);
    EXPECT_EQ(*parse_bitrate("4"), 4'000'000U);
    EXPECT_EQ(*parse_bitrate("0.5"), 500'000U);
    EXPECT_FALSE(parse_bitrate("0"));
    EXPECT_FALSE(parse_bitrate("4MB"));
}

TEST(Units, durations_are_shown_in_the_largest_whole_unit) {
    EXPECT_EQ(format_duration(milliseconds(2'592'000'000)), "30d");
    EXPECT_EQ(format_duration(milliseconds(129'600'000)), "36h");
    EXPECT_EQ(format_duration(milliseconds(21'600'000)), "6h");
}

TEST(Units, what_is_formatted_reads_back) {
    for (const std::int64_t ms : {0LL, 1LL, 500LL, 1000LL, 90'000LL, 120'000LL, 21'600'000LL,
                                  86'400'000LL, 129'600'000LL, 2'592'000'000LL}) {
        EXPECT_EQ(*parse_duration(format_duration(milliseconds(ms))), milliseconds(ms)) << ms;
    }
    for (const std::uint64_t bytes :
         {0ULL, 1ULL, 1000ULL, 1024ULL, 65536ULL, 16ULL << 20, 3ULL << 30}) {
        EXPECT_EQ(*parse_size(format_size(bytes)), bytes) << bytes;
    }
}

TEST(Fixed, has_so_many_decimals_and_is_rounded) {
    EXPECT_EQ(fixed(29.966, 2), "29.97");
    EXPECT_EQ(fixed(3, 3), "3.000");
    EXPECT_EQ(fixed(-0.25, 1), "-0.2") << "half to even";
    EXPECT_EQ(fixed(1e15, 0), "1000000000000000");
}

TEST(Fixed, leaves_out_zeros_at_the_end_but_no_whole_places) {
    EXPECT_EQ(fixed_short(29.97, 3), "29.97");
    EXPECT_EQ(fixed_short(30, 3), "30");
    EXPECT_EQ(fixed_short(100.04, 1), "100");
    EXPECT_EQ(fixed_short(100, 0), "100");
    EXPECT_EQ(fixed_short(0, 2), "0");
}

TEST(Rfc3339, is_utc_with_milliseconds) {
    EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(rfc3339(1'700'000'000'123'456), "2023-11-14T22:13:20.123Z");
}

TEST(ParseRfc3339, reads_what_rfc3339_writes_and_offsets_and_bare_dates) {
    EXPECT_EQ(*parse_rfc3339("2023-11-14T22:13:20.123Z"), 1'700'000'000'123'000);
    EXPECT_EQ(*parse_rfc3339("2023-11-15T00:13:20+02:00"), 1'700'000'000'000'000);
    EXPECT_EQ(*parse_rfc3339("1970-01-02"), 86'400'000'000);
    for (const char* text :
         {"", "yesterday", "2023-11-14T22:13", "2023-11-14T22:13:20", "2023-11-14T22:13:20Zx",
          "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20+2:00", "2023-13-01"}) {
        EXPECT_FALSE(parse_rfc3339(text)) << text;
    }
}

TEST(Names, hostile_ones_are_refused) {
    EXPECT_TRUE(is_valid_name("cam-1.left_2"));
    EXPECT_TRUE(is_valid_name(std::string(64, 'a')));
    const std::string nul("a\0b", 3);
    for (const std::string& name :
         {std::string(), std::string(65, 'a'), std::string(".."), std::string("."),
          std::string("-x"), std::string("--help"), std::string("a/b"), nul, std::string("a b"),
          std::string("%2f"), std::string("\xC3\xA9")}) {
        EXPECT_FALSE(is_valid_name(name)) << name;
    }
}

}  // namespace
}  // namespace st
