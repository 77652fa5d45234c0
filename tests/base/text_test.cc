#include "base/text.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace st {
namespace {

TEST(CleanText, leaves_text_alone) {
    for (const char* text : {"", "Pixel 8 Pro", "größe", "カメラ", "\U0001f600", "a\u200dz"}) {
        EXPECT_EQ(clean_text(text, 100), text);
    }
}

TEST(CleanText, replaces_what_moves_a_cursor_or_turns_text) {
    EXPECT_EQ(shown("a\x1b[31mb\x07"), "a\uFFFD[31mb\uFFFD");
    EXPECT_EQ(shown(std::string_view("a\0b", 3)), "a\uFFFDb");
    EXPECT_EQ(shown("\x7f\xC2\x85\xC2\x9b"), "\uFFFD\uFFFD\uFFFD");
    EXPECT_EQ(shown("\u202e\u2066\u200f\u061c\ufeff"), "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
    EXPECT_EQ(shown("a\nb\r\tc\u2028d\u2029e"), "a b  c d e");
}

TEST(CleanText, replaces_bytes_that_are_no_utf8_one_by_one) {
    EXPECT_EQ(shown("a\xffz"), "a\uFFFDz");
    EXPECT_EQ(shown("\xC0\xAF"), "\uFFFD\uFFFD");
    EXPECT_EQ(shown("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
    EXPECT_EQ(shown("\xE2\x82"), "\uFFFD\uFFFD");
    EXPECT_EQ(shown("\xE2\x82\xACx\xF4\x90\x80\x80"), "\u20ACx\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST(CleanText, is_cut_between_characters) {
    EXPECT_EQ(clean_text("a\u20ACb", 3), "a");
    EXPECT_EQ(clean_text("a\u20ACb", 4), "a\u20AC");
    EXPECT_EQ(clean_text("\xff\xff", 5), "\uFFFD");
    EXPECT_EQ(shown(std::string(65536, 'x')).size(), kShownBytesMax);
}

TEST(CleanText, of_any_three_bytes_is_clean_and_stays_as_it_is) {
    for (int first = 0; first < 256; ++first) {
        for (int second = first % 5; second < 256; second += 5) {
            for (const char third : {'x', '\x80', '\xa9', '\xae', '\n'}) {
                const std::string text{static_cast<char>(first), static_cast<char>(second), third};
                const std::string clean = shown(text);
                ASSERT_TRUE(is_utf8(as_bytes(clean)));
                ASSERT_EQ(shown(clean), clean);
                std::string_view rest = clean;
                while (!rest.empty()) ASSERT_FALSE(is_unsafe(take_character(rest).value));
            }
        }
    }
}

}  // namespace
}  // namespace st
