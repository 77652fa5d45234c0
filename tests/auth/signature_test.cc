#include "auth/signature.h"

#include <gtest/gtest.h>

#include "auth/access.h"

namespace st::auth {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;

std::string verdict(std::string_view sign, std::string_view path = "/live/x",
                    std::string_view secret = "s3cret", std::int64_t now_s = kNow,
                    std::string_view role = "play") {
    const auto checked = check_signature(sign, role, path, secret, now_s);
    return checked ? "right" : checked.error().message;
}

// Made with: printf %s /live/x-1700000100-s3cret | md5sum
const std::string kMd5 = "1700000100-f710db96d3136bacc4aaa7aa831c533f";
// Made with: printf %s play:/live/x-1700000100 | openssl dgst -sha256 -hmac s3cret
const std::string kHmac =
    "1700000100-c39904efa0dcceb8a15500f3cf48d26fed989a620edcacf48e7cff1884ffbfbb";

TEST(Signature, takes_both_digests_in_either_case) {
    EXPECT_EQ(verdict(kMd5), "right");
    EXPECT_EQ(verdict(kHmac), "right");
    std::string upper = kMd5;
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    EXPECT_EQ(verdict(upper), "right");
    EXPECT_EQ(make_signature("play", "/live/x", "s3cret", 1'700'000'100), kHmac);
}

TEST(Signature, holds_until_its_time_and_not_longer) {
    EXPECT_EQ(verdict(kHmac, "/live/x", "s3cret", 1'700'000'100), "right");
    EXPECT_EQ(verdict(kHmac, "/live/x", "s3cret", 1'700'000'101), "sign: expired");
}

TEST(Signature, is_of_one_path_one_time_and_one_secret) {
    EXPECT_EQ(verdict(kHmac, "/live/y"), "sign: not a signature of /live/y for play");
    EXPECT_EQ(verdict(kHmac, "/live/x", "other"), "sign: not a signature of /live/x for play");
    std::string later = kHmac;
    later[9] = '9';
    EXPECT_EQ(verdict(later), "sign: not a signature of /live/x for play");
    for (std::size_t i = 11; i < kMd5.size(); ++i) {
        std::string changed = kMd5;
        changed[i] = changed[i] == '0' ? '1' : '0';
        EXPECT_NE(verdict(changed), "right") << i;
    }
    for (std::size_t size = 0; size < kHmac.size(); ++size) {
        EXPECT_NE(verdict(kHmac.substr(0, size)), "right") << size;
    }
}

TEST(Signature, is_for_one_role_but_in_the_older_form) {
    for (const char* role : {"camera", "publish", "control", "", "play:"}) {
        EXPECT_NE(verdict(kHmac, "/live/x", "s3cret", kNow, role), "right") << role;
        EXPECT_EQ(verdict(kMd5, "/live/x", "s3cret", kNow, role), "right") << role;
    }
}

TEST(Signature, with_an_empty_secret_nothing_is_signed) {
    EXPECT_NE(verdict(make_signature("play", "/live/x", "", kNow + 10), "/live/x", ""), "right");
}

TEST(Signature, refuses_what_is_none) {
    for (const char* sign : {"", "-", "x-1", "-5-00", "99999999999999999999-00", "1700000100"}) {
        EXPECT_EQ(verdict(sign), "sign: expected <seconds since 1970>-<hex digest>") << sign;
    }
}

TEST(Signature, a_key_longer_than_a_block_is_hashed_first) {
    const std::string secret(100, 'k');
    // Made with: printf %s play:/a/b-5 | openssl dgst -sha256 -hmac kkk...
    EXPECT_EQ(make_signature("play", "/a/b", secret, 5),
              "5-4304e049f226520cc088eceaeae8fba389f010937f05873e137db4c61c4e85d2");
}

TEST(Signature, a_signed_role_asks_for_one_of_its_path) {
    Policy policy;
    policy.secret = "s3cret";
    policy.of(Role::play).mode = Mode::signed_url;
    Facts facts;
    facts.path = "/live/x";
    facts.now_s = kNow;
    EXPECT_EQ(check_access(policy, Role::play, facts).error().code, 401);
    facts.sign = kMd5;
    EXPECT_TRUE(check_access(policy, Role::play, facts));
    facts.path = "/live/y";
    EXPECT_FALSE(check_access(policy, Role::play, facts));
    EXPECT_EQ(describe(policy, Role::play), "play: with a signed URL");
}

}  // namespace
}  // namespace st::auth
