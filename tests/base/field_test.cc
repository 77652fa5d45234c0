#include "base/field.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>
#include <vector>

namespace st {
namespace {

const std::vector<Field> kFields = {
    {"Connection", "keep-alive, Upgrade"},
    {"X-Empty", ""},
    {"connection", " ,,TE"},
};

TEST(Field, is_found_whatever_its_case) {
    ASSERT_NE(find_field(kFields, "CONNECTION"), nullptr);
    EXPECT_EQ(*find_field(kFields, "CONNECTION"), "keep-alive, Upgrade");
    EXPECT_EQ(find_field(kFields, "Connectio"), nullptr);
    EXPECT_EQ(count_fields(kFields, "Connection"), 2U);
}

TEST(Field, a_list_is_searched_over_all_fields_of_its_name) {
    EXPECT_TRUE(list_has(kFields, "Connection", "upgrade"));
    EXPECT_TRUE(list_has(kFields, "Connection", "keep-alive"));
    EXPECT_TRUE(list_has(kFields, "Connection", "te"));
    EXPECT_FALSE(list_has(kFields, "Connection", "up"));
    EXPECT_FALSE(list_has(kFields, "X-Empty", "upgrade"));
}

TEST(Field, a_list_has_its_elements_in_order) {
    EXPECT_EQ(list_elements(kFields, "connection"),
              (std::vector<std::string_view>{"keep-alive", "Upgrade", "", "", "TE"}));
    EXPECT_TRUE(list_elements(kFields, "X-Empty").empty());
}

TEST(Field, becomes_one_line_or_none) {
    std::string head;
    append_field(head, "A", "b\tc\xC3\xA4");
    EXPECT_EQ(head, "A: b\tc\xC3\xA4\r\n");
    for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
             {"A", "b\r\nC: d"}, {"A", "\x7F"}, {"A\r\n", "b"}, {"", "b"}, {"A:", "b"}}) {
        EXPECT_THROW(append_field(head, name, value), std::invalid_argument) << name << value;
    }
}

TEST(Field, a_token_is_made_of_token_characters_only) {
    EXPECT_TRUE(is_token("x-Forwarded_For.1~"));
    for (const std::string_view bad : {"", "a b", "a:", "a\t", "\"a\"", "a/b", "\xC3\xA4"}) {
        EXPECT_FALSE(is_token(bad)) << bad;
    }
    EXPECT_FALSE(is_token(std::string_view("\0", 1)));
}

TEST(Field, trims_spaces_and_tabs) {
    EXPECT_EQ(trim(" \ta b\t "), "a b");
    EXPECT_EQ(trim(" \t"), "");
}

}  // namespace
}  // namespace st
