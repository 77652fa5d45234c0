#include "http/target.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace st::http {
namespace {

using Strings = std::vector<std::string>;

Strings segments_of(std::string_view text) {
    auto target = parse_target(text);
    EXPECT_TRUE(target) << text << ": " << target.error().message;
    return target ? target->segments : Strings{"(refused)"};
}

TEST(Target, is_cut_before_it_is_decoded) {
    EXPECT_EQ(segments_of("/"), Strings{});
    EXPECT_EQ(segments_of("/ingest/cam1"), (Strings{"ingest", "cam1"}));
    EXPECT_EQ(segments_of("/a/"), (Strings{"a"}));
    EXPECT_EQ(segments_of("//a///b"), (Strings{"a", "b"}));
    EXPECT_EQ(segments_of("/%61%2D%7e/b%20c?x=/../"), (Strings{"a-~", "b c"}));
    EXPECT_EQ(segments_of("/a+b"), (Strings{"a+b"})) << "'+' is a space in queries only";
    EXPECT_EQ(segments_of("/%E2%82%AC"), (Strings{"\xE2\x82\xAC"}));
    EXPECT_EQ(segments_of("/.../..a/a.."), (Strings{"...", "..a", "a.."}));
    EXPECT_EQ(parse_target("/a%20b?c")->path, "/a%20b");
}

TEST(Target, refuses_names_that_reach_elsewhere) {
    for (const std::string_view bad :
         {"",       "a",     "?a",        "/..",       "/../a",   "/a/..",  "/a/../b",
          "/.",     "/./a",  "/%2e%2e/a", "/.%2E",     "/%2E",    "/a%2fb", "/a%2Fb",
          "/%5C..", "/a%00", "/%00",      "/a%0d%0ab", "/%7F",    "/%1b",   "/%",
          "/%4",    "/%4g",  "/%-1",      "/a%",       "/%C0%AF", "/%FF",   "/a\\b"}) {
        auto target = parse_target(bad);
        ASSERT_FALSE(target) << bad;
        EXPECT_EQ(target.error().code, 400) << bad;
    }
    EXPECT_FALSE(parse_target(std::string_view("/a\0b", 4)));
}

TEST(Target, has_limits) {
    EXPECT_TRUE(parse_target("/" + std::string(kSegmentBytesMax, 'a')));
    EXPECT_FALSE(parse_target("/" + std::string(kSegmentBytesMax + 1, 'a')));
    std::string deep;
    for (std::size_t i = 0; i < kSegmentsMax; ++i) deep += "/a";
    EXPECT_TRUE(parse_target(deep));
    EXPECT_FALSE(parse_target(deep + "/a"));
    std::string query = "/?";
    for (std::size_t i = 0; i < kQueryPairsMax; ++i) query += "a=b&";
    EXPECT_TRUE(parse_target(query));
    EXPECT_FALSE(parse_target(query + "a=b"));
}

TEST(Target, decodes_its_query) {
    auto target = parse_target("/?name=a+b&x=%2fetc%3D&flag&&=v&name=second&y=a=b");
    ASSERT_TRUE(target) << target.error().message;
    ASSERT_NE(target->find("name"), nullptr);
    EXPECT_EQ(*target->find("name"), "a b");
    EXPECT_EQ(*target->find("x"), "/etc=");
    EXPECT_EQ(*target->find("flag"), "");
    EXPECT_EQ(*target->find(""), "v");
    EXPECT_EQ(*target->find("y"), "a=b");
    EXPECT_EQ(target->find("z"), nullptr);
    EXPECT_EQ(target->query.size(), 6U);
    for (const std::string_view bad : {"/?a=%00", "/?a=%0a", "/?a=%", "/?%zz", "/?a=%FF"}) {
        EXPECT_FALSE(parse_target(bad)) << bad;
    }
}

TEST(Target, what_opens_doors_is_not_shown) {
    EXPECT_EQ(without_credentials("token=1&app=live&sign=2&stream=x"), "app=live&stream=x");
    EXPECT_EQ(without_credentials("%74oken=1&&a=%26"), "a=%26");
    EXPECT_EQ(without_credentials("token=1"), "");
    EXPECT_EQ(without_credentials(""), "");
}

}  // namespace
}  // namespace st::http
