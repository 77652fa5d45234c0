#include "auth/address.h"

#include <gtest/gtest.h>

namespace st::auth {
namespace {

Address address(std::string_view text) {
    auto parsed = parse_address(text);
    EXPECT_TRUE(parsed) << text;
    return parsed ? *parsed : Address{};
}

bool contains(std::string_view range, std::string_view text) {
    auto parsed = parse_range(range);
    EXPECT_TRUE(parsed) << range << ": " << parsed.error().message;
    return parsed && parsed->contains(address(text));
}

TEST(Address, of_ipv4_is_the_same_in_both_spellings) {
    EXPECT_EQ(address("10.0.0.1"), address("::ffff:10.0.0.1"));
    EXPECT_TRUE(address("10.0.0.1").is_v4());
    EXPECT_FALSE(address("::10.0.0.1").is_v4());
    EXPECT_EQ(address("fe80::1%eth0"), address("FE80:0::1"));
}

TEST(Address, loopback_is_127_8_and_1) {
    for (const std::string_view text :
         {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(address(text).is_loopback()) << text;
    }
    for (const std::string_view text : {"128.0.0.1", "126.255.255.255", "10.0.0.1", "::", "::2",
                                        "0.0.0.1", "::127.0.0.1", "fe80::1", "1::1"}) {
        EXPECT_FALSE(address(text).is_loopback()) << text;
    }
}

TEST(Address, refuses_what_is_none) {
    for (const std::string_view text :
         {"", "localhost", "10.0.0", "10.0.0.256", "010.0.0.1", "10.0.0.1 ", "1.2.3.4%eth0",
          ":::", "[::1]", "::1/128", "::g"}) {
        EXPECT_FALSE(parse_address(text)) << text;
    }
}

TEST(Range, holds_what_shares_its_prefix) {
    EXPECT_TRUE(contains("10.0.0.0/8", "10.255.0.1"));
    EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.0"));
    EXPECT_TRUE(contains("192.168.4.0/22", "192.168.7.255"));
    EXPECT_FALSE(contains("192.168.4.0/22", "192.168.8.0"));
    EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
    EXPECT_TRUE(contains("0.0.0.0/0", "1.2.3.4"));
    EXPECT_FALSE(contains("0.0.0.0/0", "::1")) << "all of IPv4 is not all";
    EXPECT_TRUE(contains("::/0", "1.2.3.4"));
    EXPECT_TRUE(contains("fd00::/8", "fdff::1"));
    EXPECT_FALSE(contains("fd00::/8", "fc00::1"));
    EXPECT_TRUE(contains("10.0.0.1", "10.0.0.1"));
    EXPECT_FALSE(contains("10.0.0.1", "10.0.0.2"));
    EXPECT_TRUE(contains("10.0.0.1/32", "10.0.0.1"));
    EXPECT_FALSE(contains("::1/128", "::2"));
    EXPECT_TRUE(contains("::fffe/127", "::ffff"));
}

TEST(Range, refuses_what_is_mistyped) {
    for (const std::string_view text :
         {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "::/129", "::/1000",
          "10.0.0.0/8/8", "fe80::1%eth0/64"}) {
        EXPECT_FALSE(parse_range(text)) << text;
    }
    auto range = parse_range("10.0.0.1/8");
    ASSERT_FALSE(range);
    EXPECT_EQ(range.error().message,
              "address range: \"10.0.0.1/8\" has bits set behind its prefix");
}

TEST(Address, are_written_as_they_are_read) {
    for (const char* text : {"10.0.0.1", "0.0.0.0", "::1", "fd00::7", "2001:db8::1:0"}) {
        EXPECT_EQ(to_text(*parse_address(text)), text);
    }
    EXPECT_EQ(to_text(*parse_address("::ffff:10.0.0.1")), "10.0.0.1");
}

}  // namespace
}  // namespace st::auth
