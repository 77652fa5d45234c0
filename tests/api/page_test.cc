#include "api/page.h"

#include <gtest/gtest.h>

namespace st::api {
namespace {

/// Keys of the page as it is sent, and its `next`.
std::string page_of(const control::Arguments& arguments, const std::vector<std::string>& keys) {
    control::Call call;
    call.arguments = arguments;
    Page page(call);
    int made = 0;
    for (const std::string& key : keys) {
        page.add(key, [&] {
            ++made;
            return "{\"name\":\"" + key + "\"}";
        });
    }
    return page.encode() + " " + std::to_string(made);
}

TEST(Page, without_a_limit_has_everything) {
    EXPECT_EQ(page_of({}, {"a", "b"}), R"({"items":[{"name":"a"},{"name":"b"}],"next":null} 2)");
    EXPECT_EQ(page_of({}, {}), R"({"items":[],"next":null} 0)");
}

TEST(Page, goes_on_where_the_one_before_ended) {
    const std::vector<std::string> keys = {"a", "b", "c"};
    EXPECT_EQ(page_of({{"limit", "2"}}, keys),
              R"({"items":[{"name":"a"},{"name":"b"}],"next":"b"} 2)");
    EXPECT_EQ(page_of({{"limit", "2"}, {"cursor", "b"}}, keys),
              R"({"items":[{"name":"c"}],"next":null} 1)");
    EXPECT_EQ(page_of({{"cursor", "aa"}}, keys),
              R"({"items":[{"name":"b"},{"name":"c"}],"next":null} 2)")
        << "what the cursor names may have gone";
}

TEST(Page, that_is_just_full_is_the_last) {
    EXPECT_EQ(page_of({{"limit", "2"}}, {"a", "b"}),
              R"({"items":[{"name":"a"},{"name":"b"}],"next":null} 2)");
}

}  // namespace
}  // namespace st::api
