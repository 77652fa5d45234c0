#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace st {
namespace {

using Text = std::vector<std::uint8_t>;

const std::vector<Text> kValid = {
    {},
    {0x00},
    {0x7F},
    {0xC2, 0x80},              // U+0080, the first of two bytes
    {0xDF, 0xBF},              // U+07FF
    {0xE0, 0xA0, 0x80},        // U+0800
    {0xED, 0x9F, 0xBF},        // U+D7FF, the last before the surrogates
    {0xEE, 0x80, 0x80},        // U+E000, the first after them
    {0xEF, 0xBF, 0xBF},        // U+FFFF
    {0xF0, 0x90, 0x80, 0x80},  // U+10000
    {0xF4, 0x8F, 0xBF, 0xBF},  // U+10FFFF, the last of all
};

/// Each with the index of the byte at which it must be refused.
const std::vector<std::pair<Text, std::size_t>> kInvalid = {
    {{0x80}, 0},                    // a continuation byte alone
    {{0xC0, 0x80}, 0},              // NUL in two bytes
    {{0xC1, 0xBF}, 0},              // U+007F in two bytes
    {{0xE0, 0x9F, 0xBF}, 1},        // U+07FF in three bytes
    {{0xED, 0xA0, 0x80}, 1},        // U+D800, a surrogate
    {{0xF0, 0x8F, 0xBF, 0xBF}, 1},  // U+FFFF in four bytes
    {{0xF4, 0x90, 0x80, 0x80}, 1},  // U+110000
    {{0xF5}, 0},
    {{0xFF}, 0},
    {{0xC2, 0x41}, 1},        // cut off by a letter
    {{0xE2, 0x82, 0xC3}, 2},  // cut off by another beginning
};

TEST(Utf8, takes_the_first_and_last_character_of_every_length) {
    for (const Text& text : kValid) EXPECT_TRUE(is_utf8(text)) << testing::PrintToString(text);
}

TEST(Utf8, refuses_at_the_first_byte_that_cannot_be) {
    for (const auto& [text, wrong] : kInvalid) {
        SCOPED_TRACE(testing::PrintToString(text));
        Utf8Checker checker;
        for (std::size_t i = 0; i < text.size(); ++i) {
            EXPECT_EQ(checker.feed(Bytes(text).subspan(i, 1)), i < wrong) << i;
        }
        EXPECT_FALSE(checker.complete());
        EXPECT_FALSE(checker.feed(as_bytes("a"))) << "an error is for ever";
    }
}

TEST(Utf8, finds_a_wrong_byte_at_every_place_around_the_eight_byte_steps) {
    for (std::size_t at = 0; at < 40; ++at) {
        Text text(40, 'a');
        text[at] = 0xFF;
        EXPECT_FALSE(is_utf8(text)) << at;
    }
}

TEST(Utf8, knows_a_character_cut_off_at_the_end) {
    const Text euro{0xE2, 0x82, 0xAC};
    for (std::size_t cut = 1; cut < euro.size(); ++cut) {
        Utf8Checker checker;
        EXPECT_TRUE(checker.feed(Bytes(euro).first(cut)));
        EXPECT_FALSE(checker.complete());
        EXPECT_TRUE(checker.feed(Bytes(euro).subspan(cut)));
        EXPECT_TRUE(checker.complete());
    }
}

TEST(Utf8, cuts_a_prefix_between_characters) {
    const std::string text =
        "ab\xE2\x82\xAC"
        "c";
    EXPECT_EQ(utf8_prefix(text, 100), text);
    EXPECT_EQ(utf8_prefix(text, 5), "ab\xE2\x82\xAC");
    EXPECT_EQ(utf8_prefix(text, 4), "ab");
    EXPECT_EQ(utf8_prefix(text, 3), "ab");
    EXPECT_EQ(utf8_prefix(text, 0), "");
}

}  // namespace
}  // namespace st
