#include "json/read.h"

#include <gtest/gtest.h>

#include "json/write.h"

namespace st::json {
namespace {

std::string refusal(std::string_view text, const Limits& limits = {}) {
    const auto value = read(text, limits);
    if (value) return "accepted";
    const ReadError& error = value.error();
    return (error.path.empty() ? "" : error.path + ": ") + error.message;
}

TEST(Read, takes_every_kind_of_value) {
    const auto value = read(
        " {\"text\": \"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\", \"list\": [1, [], {}], "
        "\"yes\": true, \"no\": false, \"none\": null, \"real\": -1.5e3} \n");
    ASSERT_TRUE(value) << value.error().message;
    const Object& object = *value->object();
    EXPECT_EQ(object["text"].text_or_empty(), "a\"\\/\b\f\n\r\t\u00e9\U0001f600");
    EXPECT_EQ(object["list"].array()->size(), 3U);
    EXPECT_EQ(object["yes"].boolean(), true);
    EXPECT_EQ(object["no"].boolean(), false);
    EXPECT_TRUE(object["none"].is_null());
    EXPECT_EQ(object["real"].real(), -1500.0);
    EXPECT_TRUE(object["absent"].is_null());
    for (const char* bare : {"42", "\"x\"", "true", "null", " -1.5\n"}) {
        EXPECT_EQ(refusal(bare), "accepted") << bare;
    }
}

TEST(Read, keeps_whole_numbers_of_any_size) {
    for (const char* text : {"0", "-7", "9223372036854775807", "-9223372036854775808",
                             "18446744073709551615", "123456789012345678901234567890"}) {
        const auto value = read(text);
        ASSERT_TRUE(value) << text;
        EXPECT_EQ(write(*value), text);
    }
    EXPECT_EQ(read("9223372036854775807")->integer(), INT64_MAX);
    EXPECT_EQ(read("9223372036854775808")->integer(), std::nullopt);
    EXPECT_EQ(read("18446744073709551615")->natural(), UINT64_MAX);
    EXPECT_EQ(read("18446744073709551616")->natural(), std::nullopt);
    EXPECT_EQ(read("-1")->natural(), std::nullopt);
    EXPECT_EQ(read("1.0")->integer(), std::nullopt) << "a whole number is written as one";
    EXPECT_EQ(write(*read("[1.10,2e3]")), "[1.10,2e3]");
}

TEST(Read, refuses_numbers_that_are_none_or_do_not_fit) {
    for (const char* text : {"01", "-", "+1", "1.", ".5", "1e", "1e+", "--1", "1-2", "0x10", "NaN",
                             "Infinity", "-Infinity", "1 2", "1,2"}) {
        EXPECT_NE(refusal(text), "accepted") << text;
    }
    EXPECT_EQ(refusal("[1e999]"), "1e999 is beyond what a double can hold");
    EXPECT_EQ(refusal(std::string(kNumberBytesMax, '1')), "accepted");
    EXPECT_EQ(refusal(std::string(kNumberBytesMax + 1, '1')),
              "a number of 65 characters, over the limit of 64");
}

TEST(Read, says_what_is_wrong_in_words) {
    EXPECT_EQ(refusal("{\"a\":1,}"), "a comma too many before }");
    EXPECT_EQ(refusal("[1,\n]"), "a comma too many before ]");
    EXPECT_EQ(refusal("[1,,2]"), "a comma too many");
    EXPECT_EQ(refusal("{,}"), "a comma too many");
    EXPECT_EQ(refusal("{\"a\":1 \"b\":2}"), "expected a comma or }, got \"b\"");
    EXPECT_EQ(refusal("[1 2]"), "expected a comma or ], got a number");
    EXPECT_EQ(refusal("{\"a\" 1}"), "expected a colon behind \"a\", got a number");
    EXPECT_EQ(refusal("{a:1}"), "expected a key in double quotes, got a");
    EXPECT_EQ(refusal("{'a':1}"), "text stands in double quotes, not in single ones");
    EXPECT_EQ(refusal("{\"a\":tru}"), "expected a value such as true, 10 or \"text\", got tru");
    EXPECT_EQ(refusal("{\"a\":}"), "expected a value, got }");
    EXPECT_EQ(refusal("{\"a\":[1}"), "expected ], got }");
    EXPECT_EQ(refusal("{\"a\":[1"), "it ends too early: ] is missing");
    EXPECT_EQ(refusal("{\"a"), "a text without its closing quote");
    EXPECT_EQ(refusal("{} {}"), "expected nothing more, got {");
    EXPECT_EQ(refusal("1 2"), "expected nothing more, got a number");
    EXPECT_EQ(refusal(" "), "it ends too early: there is no value");
    EXPECT_EQ(refusal("{\n# it's \"5 - 3\n}"), "JSON has no comments");
    EXPECT_EQ(refusal("{\n# it's \"5 - 3\n}", {.has_comments = true}), "a comment begins with //");
    EXPECT_EQ(refusal("{/* a */}", {.has_comments = true}), "a comment begins with //");
}

TEST(Read, refuses_what_is_not_json) {
    for (const char* text : {"",
                             " ",
                             "{",
                             "}",
                             "{} {}",
                             "{\"a\":}",
                             "{'a':1}",
                             "{\"a\":1,}",
                             "[1,]",
                             "1,",
                             "1]",
                             "]",
                             "1],[2",
                             "] [",
                             "null}",
                             "tru",
                             "\"x",
                             "[1",
                             "{\"a\" 1}",
                             "{1:2}",
                             "nul1",
                             "1true",
                             "\xEF\xBB\xBF{}",
                             "{\"a\":\"\t\"}",
                             "\"\\x\"",
                             "\"\\u12\"",
                             "/* */ 1",
                             "1 // x"}) {
        EXPECT_NE(refusal(text), "accepted") << text;
    }
}

TEST(Read, refuses_text_that_is_no_text) {
    EXPECT_EQ(refusal("{\"a\\u0000b\":1}"), "a NUL character");
    EXPECT_EQ(refusal(R"({"a":["\u0000"]})"), "a NUL character");
    EXPECT_EQ(refusal(R"(["\\u0000"])"), "accepted") << "a backslash and four digits";
    EXPECT_EQ(refusal(std::string_view("[\"\0\"]", 5)), "a NUL character");
    EXPECT_EQ(refusal(std::string_view("[1\0]", 4)), "a NUL character");
    for (const char* text : {"[\"\xC3\x28\"]", "[\"\xC0\xAF\"]", "[\"\xED\xA0\x80\"]",
                             "[\"\xF5\x80\x80\x80\"]", "[\"\x80\"]", "[\"\xE2\x82\"]"}) {
        EXPECT_EQ(refusal(text), "not UTF-8") << text;
    }
    for (const char* text : {R"(["\ud800"])", R"(["\udc00"])", R"(["\ud800\ud800"])",
                             R"(["\ud800x"])", R"(["\udc00\ud800"])"}) {
        EXPECT_NE(refusal(text), "accepted") << text;
    }
}

TEST(Read, refuses_a_key_that_is_given_twice_and_says_where) {
    EXPECT_EQ(refusal(R"({"a":1,"a":2})"), "a: given twice");
    EXPECT_EQ(refusal(R"({"b":[0,{"a":1,"\u0061":1}]})"), "b[1].a: given twice");
    EXPECT_EQ(refusal(R"({"a":{"a":1},"b":{"a":1}})"), "accepted");
    EXPECT_EQ(refusal("{\"\\u009b\":1,\"\\u009b\":2}"), "\uFFFD: given twice");
}

TEST(Read, keeps_to_its_limits) {
    EXPECT_EQ(refusal("[[[]]]", {64, 3}), "accepted");
    EXPECT_EQ(refusal("[[[[]]]]", {64, 3}),
              "objects and lists within each other on more than 3 levels");
    EXPECT_EQ(refusal("{\"a\":{\"b\":[{}]}}", {64, 3}),
              "objects and lists within each other on more than 3 levels");
    const std::string bomb(200'000, '[');
    EXPECT_NE(refusal(bomb, {1 << 20, 16}), "accepted");
    const auto big = read("[1, 2]", {5, 16});
    ASSERT_FALSE(big);
    EXPECT_EQ(big.error().message, "JSON of 6 bytes, over the limit of 5");
    EXPECT_TRUE(big.error().too_large);
}

TEST(Read, takes_comments_only_where_they_are_allowed) {
    const Limits limits{1024, 16, /*has_comments=*/true};
    EXPECT_EQ(refusal("// a \"quote\n{\"a\": \"b//c\" // d\n}", limits), "accepted");
    EXPECT_EQ(read("[\"b//c\"] // d", limits)->array()->front().text_or_empty(), "b//c");
    EXPECT_EQ(refusal("// all of it", limits).empty(), false);
}

TEST(Read, says_in_which_line_it_stopped) {
    EXPECT_EQ(read("{\n\"on\": true,\n\"log\": {]\n}\n").error().line, 3U);
    EXPECT_EQ(read("{\n\"on\": true\n").error().line, 2U);
    EXPECT_EQ(read("[\n\n01]").error().line, 3U);
    EXPECT_EQ(read("{\"a\":1,\n\"a\":2}").error().line, 2U);
}

}  // namespace
}  // namespace st::json
