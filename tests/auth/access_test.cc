#include "auth/access.h"

#include <gtest/gtest.h>

#include "auth/signature.h"

namespace st::auth {
namespace {

Facts facts(std::string_view peer, std::string_view host = "127.0.0.1:50001",
            const std::vector<Field>& fields = {}) {
    return gather_facts({}, *parse_address(peer), host, fields, nullptr);
}

/// 0 if allowed, else the status.
int outcome(const Policy& policy, Role role, const Facts& request) {
    auto checked = check_access(policy, role, request);
    return checked ? 0 : checked.error().code;
}

Policy with_mode(Role role, Mode mode) {
    Policy policy;
    policy.of(role).mode = mode;
    return policy;
}

Policy loopback_policy() { return with_mode(Role::control, Mode::loopback); }

int control(const Facts& request, const Policy& policy = loopback_policy()) {
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
    EXPECT_EQ(outcome({}, Role::control, facts("203.0.113.5")), 401);
    EXPECT_EQ(outcome({}, Role::control, facts("127.0.0.1")), 401) << "other accounts live there";
}

TEST(Access, local_is_who_may_open_the_socket_or_read_the_token) {
    Policy policy;
    policy.local_token = digest::sha256(as_bytes("from the file"));
    Facts by_socket = facts("127.0.0.1", "streamd");
    by_socket.on_control_socket = true;
    EXPECT_EQ(control(by_socket, policy), 0);
    by_socket.forwarded = true;
    EXPECT_EQ(control(by_socket, policy), 0) << "a proxy was given the socket by its owner";
    for (const std::string_view peer : {"127.0.0.1", "10.0.0.5"}) {
        EXPECT_EQ(control(facts(peer), policy), 401) << peer;
        EXPECT_EQ(
            control(facts(peer, "10.0.0.1", {{"Authorization", "Bearer from the file"}}), policy),
            0)
            << peer;
        EXPECT_EQ(control(facts(peer, "10.0.0.1", {{"Authorization", "Bearer another"}}), policy),
                  401)
            << peer;
    }
    EXPECT_TRUE(waits_for_token(policy, Role::control, facts("127.0.0.1")));
    EXPECT_FALSE(is_valid_token(policy, Role::play, "from the file")) << "only where it is local";
    policy.tokens = {{"remote", digest::sha256(as_bytes("given out")), {Role::control}}};
    EXPECT_EQ(
        control(facts("10.0.0.5", "10.0.0.1", {{"Authorization", "Bearer given out"}}), policy), 0);
    policy.local_token.reset();
    EXPECT_FALSE(is_valid_token(policy, Role::control, ""));
}

// What each door leads to under each mode: 0 in, else the status. Doors: the socket; this machine
// by TCP; another machine; another machine with the local token, with a token of the role, with a
// token of another role, with a signed URL; through a plain proxy on this machine.
TEST(Access, every_role_and_mode_by_every_door) {
    constexpr std::int64_t kNow = 1'700'000'000;
    struct Row {
        Mode mode;
        std::array<int, 8> outcomes;
    };
    constexpr std::array<Row, 5> kTable{{
        {Mode::open, {0, 0, 0, 0, 0, 0, 0, 0}},
        {Mode::local, {0, 401, 401, 0, 0, 401, 401, 401}},
        {Mode::loopback, {0, 0, 403, 403, 403, 403, 403, 403}},
        {Mode::token, {401, 401, 401, 401, 0, 401, 401, 401}},
        {Mode::signed_url, {401, 401, 401, 401, 401, 401, 0, 401}},
    }};
    for (const Role role : {Role::camera, Role::publish, Role::play, Role::control}) {
        for (const Row& row : kTable) {
            if (role == Role::control && row.mode == Mode::signed_url) continue;
            Policy policy = with_mode(role, row.mode);
            policy.local_token = digest::sha256(as_bytes("local"));
            policy.secret = "s3cret";
            const Role other = role == Role::play ? Role::publish : Role::play;
            policy.tokens = {{"a", digest::sha256(as_bytes("right")), {role}},
                             {"b", digest::sha256(as_bytes("wrong")), {other}}};
            const auto with = [](const char* token) {
                return facts("10.0.0.5", "10.0.0.1",
                             {{"Authorization", std::string("Bearer ") + token}});
            };
            std::array<Facts, 8> doors{
                facts("127.0.0.1"), facts("127.0.0.1"),
                facts("10.0.0.5"),  with("local"),
                with("right"),      with("wrong"),
                facts("10.0.0.5"),  facts("127.0.0.1", "127.0.0.1", {{"Via", "x"}})};
            doors[0].on_control_socket = true;
            for (Facts& door : doors) {
                door.path = "/live/x";
                door.now_s = kNow;
            }
            doors[6].sign = make_signature(to_text(role), "/live/x", "s3cret", kNow + 60);
            for (std::size_t i = 0; i < doors.size(); ++i) {
                EXPECT_EQ(outcome(policy, role, doors[i]), row.outcomes[i])
                    << to_text(role) << " " << mode_names()[static_cast<std::size_t>(row.mode)]
                    << " door " << i;
            }
        }
    }
}

TEST(Access, pages_act_for_every_role_only_from_here) {
    for (const Role role : {Role::camera, Role::publish, Role::play, Role::control}) {
        for (const Mode mode : {Mode::open, Mode::loopback}) {
            Policy policy = with_mode(role, mode);
            const auto page = [&](const char* origin, const char* host = "10.0.0.1:50001") {
                return outcome(policy, role, facts("127.0.0.1", host, {{"Origin", origin}}));
            };
            EXPECT_EQ(page("http://10.0.0.1:50001"), 0);
            EXPECT_EQ(page("http://attacker.example"), 403);
            EXPECT_EQ(page("http://attacker.example", "attacker.example"), 403) << "rebinding";
            EXPECT_EQ(page("null"), 403);
            EXPECT_EQ(page("file://"), role == Role::control ? 403 : 0);
            policy.hosts = {"cams.example"};
            EXPECT_EQ(page("https://cams.example", "cams.example"), 0);
            policy.origins = {"https://portal.example"};
            EXPECT_EQ(page("https://portal.example"), 0);
            EXPECT_EQ(page("https://attacker.example"), 403);
            policy.origins = {"*"};
            EXPECT_EQ(page("https://attacker.example"), role == Role::play ? 0 : 403);
            EXPECT_EQ(page("null"), role == Role::play ? 0 : 403);
        }
    }
}

TEST(Access, a_page_of_another_site_is_known_without_an_origin_too) {
    const auto fetched = [](const char* site, const char* mode) {
        return outcome(
            {}, Role::play,
            facts("10.0.0.5", "10.0.0.1", {{"Sec-Fetch-Site", site}, {"Sec-Fetch-Mode", mode}}));
    };
    EXPECT_EQ(fetched("same-origin", "cors"), 0);
    EXPECT_EQ(fetched("none", "navigate"), 0);
    EXPECT_EQ(fetched("cross-site", "navigate"), 0) << "a link that leads here";
    EXPECT_EQ(fetched("cross-site", "no-cors"), 403) << "<video src=...>";
    EXPECT_EQ(fetched("same-site", "no-cors"), 403) << "another port of this machine";
    EXPECT_EQ(
        outcome({}, Role::play, facts("10.0.0.5", "cam.example", {{"Sec-Fetch-Mode", "cors"}})),
        403)
        << "a browser's Host must be ours";
}

TEST(Access, programs_may_use_any_name_of_ours_where_nothing_rests_on_it) {
    EXPECT_EQ(outcome({}, Role::play, facts("10.0.0.5", "cam.example")), 0);
    EXPECT_EQ(outcome(with_mode(Role::play, Mode::loopback), Role::play,
                      facts("127.0.0.1", "cam.example")),
              403);
}

TEST(Access, answers_name_the_origins_that_may_read_them) {
    Policy policy;
    const Facts page = facts("10.0.0.5", "10.0.0.1", {{"Origin", "https://portal.example"}});
    EXPECT_EQ(allowed_origin(policy, page), "");
    policy.origins = {"https://Portal.example"};
    EXPECT_EQ(allowed_origin(policy, page), "https://portal.example");
    EXPECT_EQ(allowed_origin(policy, facts("10.0.0.5")), "");
    policy.origins = {"*"};
    EXPECT_EQ(allowed_origin(policy, page), "*");
}

TEST(Access, loopback_is_this_machine) {
    EXPECT_EQ(control(facts("127.0.0.1")), 0);
    EXPECT_EQ(control(facts("127.1.2.3")), 0);
    EXPECT_EQ(control(facts("::1", "[::1]:50001")), 0);
    EXPECT_EQ(control(facts("::ffff:127.0.0.1", "localhost:50001")), 0);
    EXPECT_EQ(control(facts("10.0.0.5", "10.0.0.1:50001")), 403);
    auto refused =
        check_access(loopback_policy(), Role::control, facts("10.0.0.5", "10.0.0.1:50001"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              "control: allowed from this machine only: use an SSH tunnel, or set auth.control to "
              "\"token\" and add a token");
}

TEST(Access, a_forwarded_request_is_not_this_machine) {
    for (const std::string_view name : {"Forwarded", "X-Forwarded-For", "x-forwarded-host",
                                        "X-FORWARDED-PROTO", "Via", "X-Real-IP"}) {
        EXPECT_EQ(control(facts("127.0.0.1", "localhost", {{std::string(name), "x"}})), 403)
            << name;
    }
    EXPECT_EQ(control(facts("127.0.0.1", "localhost", {{"X-Forward", "x"}, {"Viable", "x"}})), 0);
}

TEST(Access, a_trusted_proxy_says_who_asks) {
    Policy policy = loopback_policy();
    policy.trusted_proxies = {*parse_range("127.0.0.1")};
    const auto through = [&](const char* peer, std::vector<Field> fields) {
        return control(gather_facts(policy, *parse_address(peer), "localhost", fields, nullptr),
                       policy);
    };
    EXPECT_EQ(through("127.0.0.1", {{"Via", "x"}}), 0);
    EXPECT_EQ(through("127.0.0.2", {{"Via", "x"}}), 403);
    EXPECT_EQ(through("127.0.0.1", {{"X-Forwarded-For", "127.0.0.1"}}), 0);
    EXPECT_EQ(through("127.0.0.1", {{"X-Forwarded-For", "203.0.113.5"}}), 403);
    EXPECT_EQ(through("127.0.0.1", {{"X-Forwarded-For", "127.0.0.1, 203.0.113.5"}}), 403);
    EXPECT_EQ(through("127.0.0.1", {{"X-Forwarded-For", "unknown"}}), 403);
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
    Policy policy = loopback_policy();
    policy.hosts = {"cams.example", "other.example:8080"};
    EXPECT_EQ(control(facts("127.0.0.1", "CAMS.example:50001"), policy), 0);
    EXPECT_EQ(control(facts("127.0.0.1", "other.example:8080"), policy), 0);
    EXPECT_EQ(control(facts("127.0.0.1", "other.example:8081"), policy), 403);
    EXPECT_EQ(control(facts("127.0.0.1", "x.cams.example"), policy), 403);
}

TEST(Access, what_no_browser_can_send_needs_no_host) {
    Facts rtmp = facts("127.0.0.1", "");
    rtmp.is_http = false;
    Facts from_afar = facts("203.0.113.5", "");
    from_afar.is_http = false;
    const Policy loopback = with_mode(Role::publish, Mode::loopback);
    EXPECT_EQ(outcome(loopback, Role::publish, rtmp), 0);
    EXPECT_EQ(outcome(loopback, Role::publish, from_afar), 403);
    Policy local = with_mode(Role::play, Mode::local);
    local.local_token = digest::sha256(as_bytes("from the file"));
    EXPECT_EQ(outcome(local, Role::play, rtmp), 401);
    rtmp.token = "from the file";
    EXPECT_EQ(outcome(local, Role::play, rtmp), 0);
    rtmp.token = "of somebody";
    EXPECT_EQ(outcome(local, Role::play, rtmp), 401);
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
    EXPECT_EQ(outcome(policy, Role::play, gather_facts({}, peer, "h", {}, &right)), 0);
    EXPECT_EQ(outcome(policy, Role::play, gather_facts({}, peer, "h", {}, &wrong)), 401);
    EXPECT_EQ(outcome(policy, Role::play, gather_facts({}, peer, "h", header, &right)), 401);
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

TEST(Access, a_browsers_session_is_as_good_as_a_token) {
    const auto with_session = [](Facts facts) {
        facts.session.set(static_cast<std::size_t>(Role::control));
        return facts;
    };
    const Policy policy = token_policy(Role::control);
    EXPECT_EQ(control(with_session(facts("10.0.0.5")), policy), 0);
    EXPECT_EQ(control(with_session(facts("10.0.0.5")), Policy()), 0) << "local, the default";
    EXPECT_EQ(control(with_session(facts("10.0.0.5")), loopback_policy()), 403);
    EXPECT_FALSE(waits_for_token(policy, Role::control, with_session(facts("10.0.0.5"))));
    EXPECT_EQ(control(with_session(facts("10.0.0.5", "evil.example")), policy), 403);
    EXPECT_EQ(
        control(with_session(facts("127.0.0.1", "localhost", {{"Origin", "http://evil.example"}})),
                policy),
        403);
    EXPECT_EQ(outcome(token_policy(Role::publish), Role::publish, with_session(facts("10.0.0.5"))),
              401)
        << "of another role";
}

TEST(Access, a_wrong_token_is_one_that_was_asked_for_and_came) {
    const auto with_token = [](std::string token, std::string_view host = "10.0.0.1") {
        Facts made = facts("10.0.0.5", host);
        made.token = std::move(token);
        return made;
    };
    const Policy policy = token_policy(Role::control);
    EXPECT_TRUE(has_wrong_token(policy, Role::control, with_token("guess")));
    EXPECT_TRUE(has_wrong_token(policy, Role::control, with_token("wrong role")));
    EXPECT_FALSE(has_wrong_token(policy, Role::control, with_token("secret")));
    EXPECT_FALSE(has_wrong_token(policy, Role::control, facts("10.0.0.5"))) << "none came";
    EXPECT_FALSE(has_wrong_token(policy, Role::control, with_token("guess", "evil.example")))
        << "refused for another reason, whatever the token";
    EXPECT_FALSE(
        has_wrong_token(with_mode(Role::play, Mode::signed_url), Role::play, with_token("guess")))
        << "a signature was asked for";
    EXPECT_FALSE(has_wrong_token(Policy(), Role::play, with_token("guess"))) << "open";
}

TEST(Access, a_token_may_come_later) {
    const Policy policy = token_policy(Role::control);
    EXPECT_TRUE(waits_for_token(policy, Role::control, facts("10.0.0.5")));
    EXPECT_FALSE(waits_for_token(policy, Role::control, facts("10.0.0.5", "evil.example")));
    EXPECT_FALSE(waits_for_token(
        policy, Role::control, facts("10.0.0.5", "10.0.0.1", {{"Authorization", "Bearer wrong"}})));
    EXPECT_FALSE(waits_for_token(loopback_policy(), Role::control, facts("10.0.0.5")));
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
    EXPECT_EQ(mode_names()[static_cast<std::size_t>(Mode::signed_url)], "signed");
    EXPECT_FALSE(parse_role("Camera"));
    EXPECT_EQ(describe({}, Role::control), "control: the control socket, or the token beside it");
    EXPECT_EQ(describe(loopback_policy(), Role::control),
              "control: this machine only, every account of it");
    EXPECT_EQ(describe({}, Role::play), "play: open to everybody");
    EXPECT_EQ(describe(token_policy(Role::play), Role::play), "play: with a token (1 known)");
}

}  // namespace
}  // namespace st::auth
