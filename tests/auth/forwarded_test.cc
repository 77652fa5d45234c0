#include "auth/forwarded.h"

#include <gtest/gtest.h>

namespace st::auth {
namespace {

/// The client's address in the form it was given in, "?" if a stranger stands between.
bool finds(const char* expected, const char* peer, const std::vector<Field>& fields) {
    const std::vector<Range> trusted = {*parse_range("127.0.0.1"), *parse_range("10.0.0.0/8")};
    const Client client = find_client(trusted, *parse_address(peer), fields);
    if (std::string_view(expected) == "?") return client.is_behind_stranger;
    return !client.is_behind_stranger && client.address == *parse_address(expected);
}

TEST(Forwarded, without_a_proxy_the_peer_is_the_client) {
    EXPECT_TRUE(finds("203.0.113.5", "203.0.113.5", {}));
    EXPECT_TRUE(finds("127.0.0.1", "127.0.0.1", {{"User-Agent", "x"}}));
}

TEST(Forwarded, a_stranger_is_not_believed) {
    EXPECT_TRUE(finds("?", "203.0.113.5", {{"X-Forwarded-For", "127.0.0.1"}}));
    EXPECT_TRUE(finds("?", "203.0.113.5", {{"X-Real-IP", "127.0.0.1"}}));
}

TEST(Forwarded, the_last_hop_that_is_not_trusted_is_the_client) {
    EXPECT_TRUE(finds("203.0.113.5", "127.0.0.1", {{"X-Forwarded-For", "203.0.113.5"}}));
    EXPECT_TRUE(finds("203.0.113.5", "127.0.0.1",
                      {{"X-Forwarded-For", "127.0.0.1, 203.0.113.5, 10.1.2.3"}}));
    EXPECT_TRUE(
        finds("203.0.113.5", "127.0.0.1",
              {{"X-Forwarded-For", "1.2.3.4, 203.0.113.5"}, {"X-Forwarded-For", "10.0.0.9"}}));
    EXPECT_TRUE(finds("10.0.0.9", "127.0.0.1", {{"X-Forwarded-For", "10.0.0.9"}}))
        << "all of them are trusted: the first";
    EXPECT_TRUE(finds("127.0.0.1", "127.0.0.1", {{"Via", "1.1 proxy"}}));
}

TEST(Forwarded, a_proxy_may_name_the_client_in_one_header_alone) {
    EXPECT_TRUE(finds("203.0.113.5", "127.0.0.1", {{"X-Real-IP", "203.0.113.5"}}));
    EXPECT_TRUE(finds("?", "127.0.0.1", {{"X-Real-IP", "nobody"}}));
    EXPECT_TRUE(finds("?", "127.0.0.1", {{"X-Real-IP", "10.0.0.1"}, {"X-Real-IP", "10.0.0.2"}}));
}

TEST(Forwarded, hops_have_ports_brackets_and_quotes) {
    EXPECT_TRUE(finds("203.0.113.5", "127.0.0.1", {{"X-Forwarded-For", "203.0.113.5:4711"}}));
    EXPECT_TRUE(finds("fd00::7", "127.0.0.1", {{"X-Forwarded-For", "fd00::7"}}));
    EXPECT_TRUE(finds("fd00::7", "127.0.0.1", {{"X-Forwarded-For", "[fd00::7]:1"}}));
    EXPECT_TRUE(
        finds("fd00::7", "127.0.0.1", {{"Forwarded", "proto=http;For=\"[fd00::7]:4711\";by=x"}}));
    EXPECT_TRUE(finds("203.0.113.5", "127.0.0.1",
                      {{"Forwarded", "for=9.9.9.9, for=203.0.113.5;proto=https"}}));
}

TEST(Forwarded, what_cannot_be_read_is_nobody) {
    for (const char* hop : {"unknown", "_hidden", "", "1.2.3", "[", "\"", "203.0.113.5,"}) {
        EXPECT_TRUE(finds("?", "127.0.0.1", {{"X-Forwarded-For", hop}})) << hop;
    }
    EXPECT_TRUE(finds("?", "127.0.0.1", {{"Forwarded", "proto=http"}}));
}

TEST(Forwarded, two_headers_that_disagree_are_not_believed) {
    EXPECT_TRUE(finds("?", "127.0.0.1",
                      {{"X-Forwarded-For", "203.0.113.5"}, {"Forwarded", "for=127.0.0.1"}}));
    EXPECT_TRUE(finds("203.0.113.5", "127.0.0.1",
                      {{"X-Forwarded-For", "203.0.113.5"}, {"Forwarded", "for=203.0.113.5"}}));
}

}  // namespace
}  // namespace st::auth
