#include "control/glob.h"

#include <gtest/gtest.h>

using namespace st::control;

namespace {

TEST(Glob, matches_the_whole_name) {
    EXPECT_TRUE(glob_match("cam*", "cam1"));
    EXPECT_TRUE(glob_match("cam*", "cam"));
    EXPECT_FALSE(glob_match("cam*", "xcam"));
    EXPECT_TRUE(glob_match("*-left", "cam-7-left"));
    EXPECT_FALSE(glob_match("cam?", "cam"));
    EXPECT_TRUE(glob_match("cam?", "cam9"));
    EXPECT_TRUE(glob_match("cam[0-3]", "cam2"));
    EXPECT_FALSE(glob_match("cam[!0-3]", "cam2"));
    EXPECT_TRUE(glob_match("cam[!0-3]x", "cam9x"));
    EXPECT_TRUE(glob_match("cam1", "cam1"));
    EXPECT_FALSE(glob_match("cam1", "cam11"));
    EXPECT_TRUE(glob_match("a*b*c", "aXbXbXc"));
    EXPECT_FALSE(glob_match("[", "["));
}

TEST(Glob, does_not_explode_on_many_stars) {
    const std::string name(64, 'a');
    EXPECT_FALSE(glob_match(std::string(30, '*') + "a*a*a*a*a*a*a*a*a*a*b", name));
}

TEST(CheckPattern, names_what_is_wrong) {
    EXPECT_TRUE(check_pattern("cam-1"));
    EXPECT_TRUE(check_pattern("*"));
    EXPECT_TRUE(check_pattern("c[a-c]?"));
    EXPECT_EQ(check_pattern("c[a").error().message, "\"c[a\": a '[' without its ']'");
    EXPECT_EQ(check_pattern("../x").error().message,
              "\"../x\" is not a camera name (letters, digits, . _ -, at most 64)");
    EXPECT_EQ(check_pattern("a/*").error().message,
              "\"a/*\": no camera name has the character at 2");
    EXPECT_FALSE(check_pattern(""));
    EXPECT_FALSE(check_pattern(std::string(129, '*')));
}

TEST(SelectNames, reports_what_matched_nothing_and_repeats_nobody) {
    const std::vector<std::string> names = {"cam1", "cam2", "door"};
    const Selection some = select_names({"cam*", "cam1", "gone", "x*", "gone"}, names);
    EXPECT_EQ(some.matched, (std::vector<std::string>{"cam1", "cam2"}));
    EXPECT_EQ(some.missing, (std::vector<std::string>{"gone", "x*"}));
    EXPECT_EQ(select_names({}, names).matched, names);
}

}  // namespace
