#include "json/write.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/text.h"
#include "json/read.h"

namespace st::json {
namespace {

TEST(Write, keeps_the_order_of_members) {
    Object object;
    object.set("b", 1);
    object.set("a", "x");
    object.set("c", Array{true, Value(), 2.5});
    object.set("b", std::uint64_t{18446744073709551615U});
    EXPECT_EQ(write(object), R"({"b":18446744073709551615,"a":"x","c":[true,null,2.5]})");
    EXPECT_EQ(write_indented(object),
              "{\n  \"b\": 18446744073709551615,\n  \"a\": \"x\",\n  \"c\": [\n    true,\n"
              "    null,\n    2.5\n  ]\n}");
    EXPECT_EQ(write_indented(Object()), "{}");
}

TEST(Object, is_its_members_in_their_order) {
    const Object one{{"b", "x"}};
    EXPECT_EQ(write(one), R"({"b":"x"})");
    const Object object{{"b", 1}, {"a", one}, {"c", Value()}};
    EXPECT_EQ(write(object), R"({"b":1,"a":{"b":"x"},"c":null})");
    EXPECT_TRUE(Object{}.empty());
}

TEST(Write, none_is_null_and_so_is_what_json_cannot_say) {
    EXPECT_EQ(write(Value(std::optional<std::string>())), "null");
    EXPECT_EQ(write(Value(std::optional<double>(0.1))), "0.1");
    EXPECT_EQ(write(Value(std::nan(""))), "null");
    EXPECT_EQ(write(Value(std::numeric_limits<double>::infinity())), "null");
}

TEST(Write, escapes_what_moves_a_cursor_or_turns_text) {
    EXPECT_EQ(write(std::string_view("a\"\\\n\r\t/é")), R"("a\"\\\n\r\t/é")");
    EXPECT_EQ(write(std::string_view("\x1b\x7f\xC2\x9b\u202e\u2028")),
              R"("\u001b\u007f\u009b\u202e\u2028")");
    EXPECT_EQ(write(std::string_view("a\0b\xff\xC3", 5)), "\"a\uFFFDb\uFFFD\uFFFD\"");
}

/// Every text we can be told, once as bytes and once as what a camera would send.
TEST(Write, whatever_is_written_reads_back_the_same) {
    for (int first = 0; first < 256; ++first) {
        for (int second = first % 5; second < 256; second += 5) {
            const std::string text{static_cast<char>(first), static_cast<char>(second), 'x'};
            Object object;
            object.set(text, text);
            const std::string written = write(object);
            EXPECT_EQ(clean_text(written, written.size()), written);
            const auto back = read(written);
            ASSERT_TRUE(back) << written << ": " << back.error().message;
            EXPECT_EQ(write(*back), written);
        }
    }
}

TEST(Cleaned, cleans_texts_and_keys_at_every_depth) {
    const auto value =
        read("{\"a\\u009b\":[\"x\\u001b[31m\",{\"\\u202e\":\"\\u2028y\"}],\"a\\u202e\":1,\"n\":1}");
    ASSERT_TRUE(value);
    EXPECT_EQ(write(cleaned(*value, 100)),
              "{\"a\uFFFD\":[\"x\uFFFD[31m\",{\"\uFFFD\":\" y\"}],\"n\":1}");
}

}  // namespace
}  // namespace st::json
