#include "auth/wrong_tokens.h"

#include <gtest/gtest.h>

#include <string>

namespace st::auth {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kSecond = 1'000'000'000;

class WrongTokensTest : public testing::Test {
 protected:
    std::int64_t delay_ms(const std::string& address) {
        return guard_.add(*parse_address(address), now_).delay.count();
    }
    WrongTokens guard_;
    std::int64_t now_ = kSecond;
};

TEST_F(WrongTokensTest, are_answered_later_and_later) {
    for (const int expected : {0, 0, 0, 100, 200, 400, 800, 1'600, 3'200, 5'000, 5'000}) {
        EXPECT_EQ(delay_ms("10.0.0.1"), expected);
    }
    EXPECT_EQ(delay_ms("10.0.0.2"), 0) << "another address";
    for (int i = 0; i < 100; ++i) EXPECT_LE(delay_ms("10.0.0.1"), 5'000);
}

TEST_F(WrongTokensTest, are_forgotten_after_a_while) {
    for (int i = 0; i < 10; ++i) delay_ms("10.0.0.1");
    now_ += 61 * kSecond;
    EXPECT_EQ(delay_ms("10.0.0.1"), 0);
}

TEST_F(WrongTokensTest, of_one_ipv6_network_count_together) {
    for (int i = 0; i < 5; ++i) delay_ms("2001:db8::" + std::to_string(i + 1));
    EXPECT_GT(delay_ms("2001:db8::ffff"), 0);
    EXPECT_EQ(delay_ms("2001:db8:0:1::1"), 0);
}

TEST_F(WrongTokensTest, are_told_at_once_and_then_counted) {
    const auto untold = [&] { return guard_.add(*parse_address("10.0.0.1"), now_).untold; };
    EXPECT_EQ(untold(), 1U);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(untold(), 0U);
    now_ += 10 * kSecond;
    EXPECT_EQ(untold(), 51U);
}

TEST_F(WrongTokensTest, hold_a_bounded_number_of_addresses) {
    for (int i = 0; i < 10; ++i) delay_ms("10.9.9.9");
    for (unsigned i = 0; i < 20'000; ++i) {
        now_ += 1'000;
        Address address = *parse_address("11.0.0.0");
        address.bytes[14] = static_cast<std::uint8_t>(i >> 8U);
        address.bytes[15] = static_cast<std::uint8_t>(i);
        guard_.add(address, now_);
    }
    EXPECT_EQ(delay_ms("10.9.9.9"), 0) << "the one that was quiet longest made room";
}

}  // namespace
}  // namespace st::auth
