#include "httpd/sessions.h"

#include <gtest/gtest.h>

namespace st::httpd {
namespace {

constexpr std::int64_t kNow = 1'800'000'000;

Sessions::Random random(std::uint8_t seed) {
    Sessions::Random bytes{};
    bytes.fill(seed);
    bytes[1] = static_cast<std::uint8_t>(seed * 7);
    return bytes;
}

auth::Roles roles(std::initializer_list<auth::Role> wanted) {
    auth::Roles made;
    for (const auth::Role role : wanted) made.set(static_cast<std::size_t>(role));
    return made;
}

auth::Policy policy_with(const std::string& token, std::vector<auth::Role> its_roles) {
    auth::Policy policy;
    policy.tokens.push_back({"kim", digest::sha256(as_bytes(token)), std::move(its_roles)});
    return policy;
}

TEST(Sessions, a_link_opens_one_session_for_watching_and_control) {
    Sessions sessions(50001);
    const std::string code = sessions.add_link(random(1), kNow);
    const auto cookie = sessions.open_by_link(code, random(2), kNow + Sessions::kLinkSeconds);
    ASSERT_TRUE(cookie);
    EXPECT_EQ(sessions.roles_of(*cookie, auth::Policy(), kNow),
              roles({auth::Role::play, auth::Role::control}));
    EXPECT_FALSE(sessions.open_by_link(code, random(3), kNow)) << "a link is used once";
}

TEST(Sessions, a_link_is_too_old_after_a_minute) {
    Sessions sessions(50001);
    const std::string code = sessions.add_link(random(1), kNow);
    EXPECT_FALSE(sessions.open_by_link(code, random(2), kNow + Sessions::kLinkSeconds + 1));
    EXPECT_FALSE(sessions.open_by_link(code, random(2), kNow)) << "nor is it good afterwards";
}

TEST(Sessions, a_code_or_cookie_nobody_gave_out_opens_nothing) {
    Sessions sessions(50001);
    EXPECT_FALSE(sessions.open_by_link("", random(1), kNow));
    EXPECT_FALSE(sessions.open_by_link("00", random(1), kNow));
    EXPECT_TRUE(sessions.roles_of("", auth::Policy(), kNow).none());
    EXPECT_TRUE(sessions.roles_of("00", auth::Policy(), kNow).none());
}

TEST(Sessions, a_session_of_a_token_may_what_the_token_may_at_that_time) {
    Sessions sessions(50001);
    const std::string cookie = sessions.open_by_token("secret", random(1), kNow);
    EXPECT_EQ(sessions.roles_of(cookie, policy_with("secret", {auth::Role::play}), kNow),
              roles({auth::Role::play}));
    EXPECT_EQ(sessions.roles_of(
                  cookie, policy_with("secret", {auth::Role::camera, auth::Role::control}), kNow),
              roles({auth::Role::camera, auth::Role::control}));
    EXPECT_TRUE(sessions.roles_of(cookie, policy_with("other", {auth::Role::play}), kNow).none())
        << "the token was revoked";
}

TEST(Sessions, the_local_token_is_good_where_a_role_is_local) {
    Sessions sessions(50001);
    auth::Policy policy;
    policy.local_token = digest::sha256(as_bytes("beside the socket"));
    const std::string cookie = sessions.open_by_token("beside the socket", random(1), kNow);
    EXPECT_EQ(sessions.roles_of(cookie, policy, kNow), roles({auth::Role::control}));
    policy.of(auth::Role::control).mode = auth::Mode::token;
    EXPECT_TRUE(sessions.roles_of(cookie, policy, kNow).none());
}

TEST(Sessions, end_by_logging_out_and_after_a_week) {
    Sessions sessions(50001);
    const auth::Policy policy = policy_with("secret", {auth::Role::play});
    const std::string cookie = sessions.open_by_token("secret", random(1), kNow);
    EXPECT_TRUE(sessions.roles_of(cookie, policy, kNow + Sessions::kSessionSeconds).any());
    EXPECT_TRUE(sessions.roles_of(cookie, policy, kNow + Sessions::kSessionSeconds + 1).none());
    sessions.close(cookie);
    EXPECT_TRUE(sessions.roles_of(cookie, policy, kNow).none());
}

TEST(Sessions, the_oldest_make_room) {
    Sessions sessions(50001);
    const auth::Policy policy = policy_with("secret", {auth::Role::play});
    const auto numbered = [](std::size_t number) {
        Sessions::Random bytes{};
        bytes[0] = static_cast<std::uint8_t>(number);
        bytes[1] = static_cast<std::uint8_t>(number >> 8);
        return bytes;
    };
    const std::string first = sessions.open_by_token("secret", numbered(0), kNow);
    const std::string second = sessions.open_by_token("secret", numbered(1), kNow + 1);
    for (std::size_t i = 2; i <= Sessions::kSessionsMax; ++i) {
        sessions.open_by_token("secret", numbered(i), kNow + 2);
    }
    EXPECT_TRUE(sessions.roles_of(first, policy, kNow).none());
    EXPECT_TRUE(sessions.roles_of(second, policy, kNow).any());

    const std::string link = sessions.add_link(numbered(0), kNow);
    for (std::size_t i = 1; i <= Sessions::kLinksMax; ++i) {
        sessions.add_link(numbered(i), kNow + 1);
    }
    EXPECT_FALSE(sessions.open_by_link(link, numbered(9000), kNow + 1));
}

TEST(Sessions, finds_its_own_cookie_among_others) {
    const Sessions sessions(8443);
    EXPECT_EQ(sessions.cookie_name(), "streamd-8443");
    const auto cookie = [&](const std::string& value) {
        const std::vector<Field> fields{{"Accept", "*/*"}, {"cookie", value}};
        return sessions.cookie_of(fields);
    };
    EXPECT_EQ(cookie("streamd-8443=ab"), "ab");
    EXPECT_EQ(cookie("x=1; streamd-50001=no; streamd-8443=ab; y=2"), "ab");
    EXPECT_EQ(cookie("xstreamd-8443=no"), "");
    EXPECT_EQ(cookie("streamd-8443"), "");
    EXPECT_EQ(cookie(";;"), "");
    EXPECT_EQ(sessions.cookie_of({}), "");
}

}  // namespace
}  // namespace st::httpd
