#include "httpd/lasting_access.h"

#include <gtest/gtest.h>

namespace st::httpd {
namespace {

using auth::Role;

auth::Policy policy_with(std::vector<auth::Token> tokens) {
    auth::Policy policy;
    policy.of(Role::control).mode = auth::Mode::token;
    policy.tokens = std::move(tokens);
    return policy;
}

auth::Token token(const std::string& text) {
    return {text, digest::sha256(as_bytes(text)), {Role::control}};
}

auth::Facts facts_with(std::optional<std::string> token) {
    auth::Facts facts;
    facts.peer = *auth::parse_address("10.0.0.7");
    facts.host = "10.0.0.1";
    facts.token = std::move(token);
    return facts;
}

class LastingAccessTest : public ::testing::Test {
 protected:
    Current<auth::Policy> policy{policy_with({token("desk"), token("tv")})};
    Sessions sessions{50001};
};

TEST_F(LastingAccessTest, ends_with_its_token) {
    LastingAccess access(policy, sessions, Role::control, facts_with("desk"), "");
    EXPECT_TRUE(access.check(1).ok());
    policy.replace(policy_with({token("desk")}));
    EXPECT_TRUE(access.check(2).ok());
    policy.replace(policy_with({token("tv")}));
    const auto refused = access.check(3);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "control: the token is unknown or not for this role");
}

TEST_F(LastingAccessTest, ends_when_its_address_is_denied) {
    LastingAccess access(policy, sessions, Role::control, facts_with("desk"), "");
    EXPECT_TRUE(access.check(1).ok());
    auth::Policy next = *policy.get();
    next.of(Role::control).deny = {*auth::parse_range("10.0.0.0/8")};
    policy.replace(next);
    EXPECT_FALSE(access.check(2).ok());
}

TEST_F(LastingAccessTest, ends_with_its_session) {
    const std::string cookie = sessions.open_by_token("desk", {1}, 0);
    LastingAccess access(policy, sessions, Role::control, facts_with(std::nullopt), cookie);
    EXPECT_TRUE(access.check(1).ok());
    sessions.close(cookie);
    EXPECT_FALSE(access.check(2).ok());
}

TEST_F(LastingAccessTest, ends_when_its_session_is_a_week_old) {
    const std::string cookie = sessions.open_by_token("desk", {1}, 0);
    LastingAccess access(policy, sessions, Role::control, facts_with(std::nullopt), cookie);
    EXPECT_TRUE(access.check(Sessions::kSessionSeconds).ok());
    EXPECT_FALSE(access.check(Sessions::kSessionSeconds + 1).ok());
}

TEST_F(LastingAccessTest, ends_when_the_token_of_its_session_is_revoked) {
    const std::string cookie = sessions.open_by_token("desk", {1}, 0);
    LastingAccess access(policy, sessions, Role::control, facts_with(std::nullopt), cookie);
    EXPECT_TRUE(access.check(1).ok());
    policy.replace(policy_with({token("tv")}));
    EXPECT_FALSE(access.check(2).ok());
}

}  // namespace
}  // namespace st::httpd
