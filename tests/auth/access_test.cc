#include "auth/access.h"

#include <gtest/gtest.h>

namespace st::auth {
namespace {

Facts facts(std::string_view peer, std::string_view host = "127.0.0.1:50001",
            const std::vector<Field>& fields = {}) {
    return gather_facts(*parse_address(peer), host, fields, nullptr);
}

/// 0 if allowed, else the status.
int outcome(const Policy& policy, Role role, const Facts& request) {
    auto checked = check_access(policy, role, request);
    return checked ? 0 : checked.error().code;
}

int control(const Facts& request, const Policy& policy = {}) {
    return outcome(policy, Role::control, request);
}

Policy token_policy(Role role) {
    Policy policy;
    policy.of(role).mode = Mode::token;
    policy.tokens = {{"other", digest::sha256(as_bytes("wrong role")), {Role::play}},
                     {"ours", digest::sha256(as_bytes("secret")), {Role::camera, role}}};
    if (role == Role::play) policy.tokens[0].roles = {Role::publish};
    return policy;
}

TEST(Access, by_default_everything_but_control_is_open) {
    const Facts stranger = facts("203.0.113.5", "cam.example");
    EXPECT_EQ(outcome({}, Role::camera, stranger), 0);
    EXPECT_EQ(outcome({}, Role::publish, stranger), 0);
    EXPECT_EQ(outcome({}, Role::play, stranger), 0);
    EXPECT_EQ(outcome({}, Role::control, stranger), 403);
}

TEST(Access, control_is_for_this_machine) {
    EXPECT_EQ(control(facts("127.0.0.1")), 0);
    EXPECT_EQ(control(facts("127.1.2.3")), 0);
    EXPECT_EQ(control(facts("::1", "[::1]:50001")), 0);
    EXPECT_EQ(control(facts("::ffff:127.0.0.1", "localhost:50001")), 0);
    EXPECT_EQ(control(facts("10.0.0.5", "10.0.0.1:50001")), 403);
    auto refused = check_access({}, Role::control, facts("10.0.0.5", "10.0.0.1:50001"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              "control: allowed from this machine only: use an SSH tunnel, or set auth.control to "
              "\"token\" and add a token");
}

TEST(Access, a_forwarded_request_is_not_this_machine) {
    for (const std::string_view name :
         {"Forwarded", "X-Forwarded-For", "x-forwarded-host", "X-FORWARDED-PROTO", "Via"}) {
        EXPECT_EQ(control(facts("127.0.0.1", "localhost", {{std::string(name), "x"}})), 403)
            << name;
    }
    EXPECT_EQ(control(facts("127.0.0.1", "localhost", {{"X-Forward", "x"}, {"Viable", "x"}})), 0);
}

TEST(Access, a_trusted_proxy_on_this_machine_counts_as_this_machine) {
    Policy policy;
    policy.trusted_proxies = {*parse_range("127.0.0.1")};
    EXPECT_EQ(control(facts("127.0.0.1", "localhost", {{"Via", "x"}}), policy), 0);
    EXPECT_EQ(control(facts("127.0.0.2", "localhost", {{"Via", "x"}}), policy), 403);
    policy.trusted_proxies = {*parse_range("10.0.0.0/8")};
    EXPECT_EQ(control(facts("10.0.0.1", "localhost", {{"Via", "x"}}), policy), 403)
        << "a proxy elsewhere is still elsewhere";
}

TEST(Access, control_needs_a_host_nobody_else_can_point_at_us) {
    for (const std::string_view host : {"127.0.0.1", "127.0.0.1:50001", "10.0.0.1", "[::1]",
                                        "[::1]:50001", "[fd00::1]:1", "localhost", "LocalHost:1"}) {
        EXPECT_EQ(control(facts("127.0.0.1", host)), 0) << host;
    }
    for (const std::string_view host :
         {"", "evil.example", "evil.example:50001", "localhost.evil.example",
          "127.0.0.1.evil.example", "localhostx", "[::1", ":50001"}) {
        EXPECT_EQ(control(facts("127.0.0.1", host)), 403) << host;
    }
    Policy policy;
    policy.hosts = {"cams.example", "other.example:8080"};
    EXPECT_EQ(control(facts("127.0.0.1", "CAMS.example:50001"), policy), 0);
    EXPECT_EQ(control(facts("127.0.0.1", "other.example:8080"), policy), 0);
    EXPECT_EQ(control(facts("127.0.0.1", "other.example:8081"), policy), 403);
    EXPECT_EQ(control(facts("127.0.0.1", "x.cams.example"), policy), 403);
}

int from_page(std::string_view origin, std::string_view host) {
    return control(facts("127.0.0.1", host, {{"Origin", std::string(origin)}}));
}

TEST(Access, control_takes_requests_of_its_own_pages_only) {
    EXPECT_EQ(from_page("http://localhost:50001", "localhost:50001"), 0);
    EXPECT_EQ(from_page("HTTP://LOCALHOST:50001", "localhost:50001"), 0);
    EXPECT_EQ(from_page("https://127.0.0.1", "127.0.0.1"), 0);
    EXPECT_EQ(from_page("http://127.0.0.1", "127.0.0.1:80"), 0);
    EXPECT_EQ(from_page("https://127.0.0.1:443", "127.0.0.1"), 0);
    EXPECT_EQ(from_page("http://[::1]:50001", "[::1]:50001"), 0);
    for (const std::string_view origin :
         {"http://evil.example", "http://localhost", "http://localhost:50002",
          "http://127.0.0.1:50001", "https://localhost", "null", "", "localhost:50001", "file://",
          "ftp://localhost:50001", "http://localhost:50001.evil.example", "http://"}) {
        EXPECT_EQ(from_page(origin, "localhost:50001"), 403) << origin;
    }
    EXPECT_EQ(control(facts("127.0.0.1", "localhost",
                            {{"Origin", "http://localhost"}, {"Origin", "http://localhost"}})),
              403);
}

TEST(Access, by_token_asks_for_one) {
    const Policy policy = token_policy(Role::control);
    const auto with = [](std::string_view authorization) {
        return facts("10.0.0.5", "10.0.0.1", {{"Authorization", std::string(authorization)}});
    };
    EXPECT_EQ(control(facts("10.0.0.5", "10.0.0.1"), policy), 401);
    EXPECT_EQ(control(facts("127.0.0.1"), policy), 401) << "being near does not help";
    EXPECT_EQ(control(with("Bearer secret"), policy), 0);
    EXPECT_EQ(control(with("bearer  secret"), policy), 0);
    EXPECT_EQ(control(with("Bearer wrong"), policy), 401);
    EXPECT_EQ(control(with("Bearer "), policy), 401);
    EXPECT_EQ(control(with("Basic secret"), policy), 401);
    EXPECT_EQ(control(with("secret"), policy), 401);
    EXPECT_EQ(control(with("Bearer wrong role"), policy), 401);
    EXPECT_EQ(outcome(policy, Role::camera, facts("10.0.0.5")), 0) << "only that role asks";
}

TEST(Access, the_header_comes_before_the_query) {
    const Policy policy = token_policy(Role::play);
    const Address peer = *parse_address("10.0.0.5");
    const std::string right = "secret";
    const std::string wrong = "wrong";
    const std::vector<Field> header = {{"Authorization", "Bearer wrong"}};
    EXPECT_EQ(outcome(policy, Role::play, gather_facts(peer, "h", {}, &right)), 0);
    EXPECT_EQ(outcome(policy, Role::play, gather_facts(peer, "h", {}, &wrong)), 401);
    EXPECT_EQ(outcome(policy, Role::play, gather_facts(peer, "h", header, &right)), 401);
}

TEST(Access, a_token_does_not_replace_host_and_origin) {
    const Policy policy = token_policy(Role::control);
    EXPECT_EQ(
        control(facts("127.0.0.1", "evil.example", {{"Authorization", "Bearer secret"}}), policy),
        403);
    EXPECT_EQ(
        control(facts("127.0.0.1", "localhost",
                      {{"Authorization", "Bearer secret"}, {"Origin", "http://evil.example"}}),
                policy),
        403);
}

TEST(Access, a_token_may_come_later) {
    const Policy policy = token_policy(Role::control);
    EXPECT_TRUE(waits_for_token(policy, Role::control, facts("10.0.0.5")));
    EXPECT_FALSE(waits_for_token(policy, Role::control, facts("10.0.0.5", "evil.example")));
    EXPECT_FALSE(waits_for_token(
        policy, Role::control, facts("10.0.0.5", "10.0.0.1", {{"Authorization", "Bearer wrong"}})));
    EXPECT_FALSE(waits_for_token({}, Role::control, facts("10.0.0.5")));
    EXPECT_TRUE(is_valid_token(policy, Role::control, "secret"));
    EXPECT_FALSE(is_valid_token(policy, Role::control, "secre"));
    EXPECT_FALSE(is_valid_token(policy, Role::publish, "secret"));
    EXPECT_FALSE(is_valid_token(policy, Role::control, ""));
}

TEST(Access, ranges_come_first) {
    Policy policy;
    policy.of(Role::camera).allow = {*parse_range("10.0.0.0/8")};
    policy.of(Role::camera).deny = {*parse_range("10.1.0.0/16")};
    EXPECT_EQ(outcome(policy, Role::camera, facts("10.2.0.1")), 0);
    EXPECT_EQ(outcome(policy, Role::camera, facts("10.1.0.1")), 403);
    EXPECT_EQ(outcome(policy, Role::camera, facts("11.0.0.1")), 403);
    EXPECT_EQ(outcome(policy, Role::play, facts("11.0.0.1")), 0);
}

TEST(Access, roles_and_modes_have_names) {
    for (const Role role : {Role::camera, Role::publish, Role::play, Role::control}) {
        EXPECT_EQ(*parse_role(to_text(role)), role);
    }
    for (const Mode mode : {Mode::open, Mode::loopback, Mode::token}) {
        EXPECT_EQ(*parse_mode(to_text(mode)), mode);
    }
    EXPECT_FALSE(parse_role("Camera"));
    EXPECT_FALSE(parse_mode(""));
    EXPECT_EQ(describe({}, Role::control), "control: this machine only");
    EXPECT_EQ(describe({}, Role::play), "play: open to everybody");
    EXPECT_EQ(describe(token_policy(Role::play), Role::play), "play: with a token (1 known)");
}

}  // namespace
}  // namespace st::auth
