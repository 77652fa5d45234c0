#include "api/tokens.h"

#include <gtest/gtest.h>

#include "api/signed_url.h"
#include "auth/signature.h"
#include "control/token.h"

namespace st::api {
namespace {

using auth::Role;

/// Tokens with a file that a test reads.
struct World {
    explicit World(StoredTokens stored = {})
        : tokens(
              policy, std::move(stored),
              [this](std::string text, const std::function<void(std::string)>& done) {
                  if (problem.empty()) file = std::move(text);
                  done(problem);
              },
              [this](const StoredTokens& in_force) {
                  auth::Policy next;
                  next.secret = "s3cret";
                  next.tokens = {
                      {"desk", digest::sha256(as_bytes("in the file")), {Role::control}}};
                  for (const StoredToken& one : in_force.all()) next.tokens.push_back(one.token);
                  policy.replace(next);
              },
              events) {}

    control::Decoded<std::string> call(const char* operation, std::string body,
                                       control::Arguments arguments = {}) {
        control::Call call;
        call.operation = control::find_rpc(operation);
        call.body = std::move(body);
        call.arguments = std::move(arguments);
        control::Decoded<std::string> answer = control::ApiError{};
        const auto done = [&](auto made) { answer = std::move(made); };
        const std::string_view name = operation;
        if (name == "tokens.list") tokens.list(call, done);
        if (name == "tokens.new") tokens.create(call, done);
        if (name == "tokens.revoke") tokens.revoke(call, done);
        if (name == "sign") tokens.sign(call, done);
        return answer;
    }
    std::string make(const std::string& name, const std::string& role = "play") {
        const auto made =
            call("tokens.new", R"({"name":")" + name + R"(","roles":[")" + role + R"("]})");
        return made ? control::decode_token_reply(*made)->token : made.error().message;
    }

    struct Events final : EventSink {
        void add(std::string_view type, const EventFields& fields, LogLevel) override {
            std::string line(type);
            for (const auto& [key, value] : fields)
                line += " " + key + "=" + std::get<std::string>(value);
            all.push_back(line);
        }
        std::vector<std::string> all;
    };

    std::string file;
    std::string problem;
    Events events;
    Current<auth::Policy> policy{auth::Policy()};
    Tokens tokens;
};

TEST(Tokens, are_in_force_once_made_and_stored_as_digests_alone) {
    World world;
    const std::string token = world.make("tv");
    EXPECT_EQ(token.size(), 64U);
    EXPECT_TRUE(auth::is_valid_token(*world.policy.get(), Role::play, token));
    EXPECT_FALSE(auth::is_valid_token(*world.policy.get(), Role::control, token));
    EXPECT_EQ(world.file.find(token), std::string::npos);
    World later(*StoredTokens::decode(world.file));
    EXPECT_TRUE(auth::is_valid_token(*later.policy.get(), Role::play, token));
    EXPECT_EQ(later.make("tv"), "there is a token \"tv\" already");
    EXPECT_EQ(later.make("desk"), "there is a token \"desk\" already");
    EXPECT_EQ(later.make("../x"), "name: expected [A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    EXPECT_FALSE(later.call("tokens.new", R"({"name":"x","roles":["root"]})"));
    EXPECT_FALSE(later.call("tokens.new", R"({"name":"x","roles":[]})"));
}

TEST(Tokens, that_are_revoked_open_nothing_any_more) {
    World world;
    const std::string token = world.make("tv");
    EXPECT_TRUE(world.call("tokens.revoke", "", {{"name", "tv"}}));
    EXPECT_FALSE(auth::is_valid_token(*world.policy.get(), Role::play, token));
    EXPECT_EQ(world.file, "{\"version\":1,\"tokens\":[]}\n");
    EXPECT_EQ(world.call("tokens.revoke", "", {{"name", "tv"}}).error().code,
              control::ErrorCode::not_found);
    EXPECT_EQ(world.call("tokens.revoke", "", {{"name", "desk"}}).error().code,
              control::ErrorCode::conflict);
}

TEST(Tokens, and_signed_urls_are_told_of_with_who_asked_and_nothing_that_opens) {
    World world;
    EXPECT_TRUE(
        world.call("tokens.new", R"({"name":"tv","roles":["play","camera"],"client":"kim@desk"})"));
    EXPECT_TRUE(world.call("sign", R"({"url":"/live/door","expires_s":60,"client":"kim@desk"})"));
    EXPECT_TRUE(world.call("tokens.revoke", "", {{"name", "tv"}, {"client", "jo@shed"}}));
    ASSERT_EQ(world.events.all.size(), 3U);
    EXPECT_EQ(world.events.all[0], "token.created token=tv roles=play camera by=kim@desk");
    EXPECT_TRUE(world.events.all[1].starts_with("url.signed url=/live/door role=play until=20"));
    EXPECT_TRUE(world.events.all[1].ends_with(" by=kim@desk"));
    EXPECT_EQ(world.events.all[2], "token.revoked token=tv by=jo@shed");
    world.problem = "No space left on device";
    world.make("other");
    EXPECT_EQ(world.events.all.size(), 3U) << "it was not made";
}

TEST(Tokens, and_what_else_stands_in_a_signed_url_is_not_told_of) {
    for (const char* url :
         {"rtmp://kim:hush@host/live/x", "/live/x?token=hush", "/live/x.flv?sign=hush&quality=high",
          "https://host/live/x?password=hush", "ws://host/publish?app=live&stream=x&key=hush"}) {
        World world;
        EXPECT_TRUE(world.call("sign", R"({"url":")" + std::string(url) + R"("})")) << url;
        ASSERT_EQ(world.events.all.size(), 1U);
        EXPECT_EQ(world.events.all[0].find("hush"), std::string::npos) << world.events.all[0];
        EXPECT_NE(world.events.all[0].find("live"), std::string::npos) << world.events.all[0];
    }
}

TEST(Tokens, that_cannot_be_stored_are_none_and_a_revocation_holds_all_the_same) {
    World world;
    const std::string token = world.make("tv");
    world.problem = "No space left on device";
    EXPECT_EQ(world.make("other"), "the token cannot be stored: No space left on device");
    EXPECT_FALSE(world.call("tokens.revoke", "", {{"name", "tv"}}));
    EXPECT_FALSE(auth::is_valid_token(*world.policy.get(), Role::play, token));
}

TEST(Tokens, are_listed_without_what_opens_anything) {
    World world;
    world.make("tv");
    const std::string list = *world.call("tokens.list", "");
    EXPECT_NE(list.find(R"({"name":"desk","roles":["control"],"created_at":null})"),
              std::string::npos);
    EXPECT_NE(list.find(R"({"name":"tv","roles":["play"],"created_at":"20)"), std::string::npos);
    EXPECT_EQ(list.find("sha256"), std::string::npos);
}

TEST(StoredTokens, of_a_file_that_is_not_whole_are_an_error) {
    for (const char* text :
         {"", "{}", R"({"tokens":[7]})", R"({"tokens":[{"name":"a"}]})",
          R"({"tokens":[{"name":"a","sha256":"00","roles":["play"]}]})",
          R"({"tokens":[{"name":"a","roles":["play"],"sha256":)"
          R"("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},)"
          R"({"name":"a","roles":["play"],"sha256":)"
          R"("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}]})"}) {
        EXPECT_FALSE(StoredTokens::decode(text)) << text;
    }
}

TEST(SignedUrl, is_of_the_stream_that_the_url_names) {
    constexpr std::int64_t kUntil = 1'900'000'000;
    const auto with = [&](const char* role, const char* path) {
        return "sign=" + auth::make_signature(role, path, "s3cret", kUntil);
    };
    const auto sign = [&](const char* url, Role role = Role::play) {
        const auto made = signed_url(url, role, "s3cret", kUntil);
        return made ? *made : made.error().message;
    };
    EXPECT_EQ(sign("rtmp://host/live/x"), "rtmp://host/live/x?" + with("play", "/live/x"));
    EXPECT_EQ(sign("/live/x.flv?cache=0&sign=old"),
              "/live/x.flv?cache=0&" + with("play", "/live/x"));
    EXPECT_EQ(sign("https://host/cams/live/x.flv#top"),
              "https://host/cams/live/x.flv?" + with("play", "/live/x"));
    EXPECT_EQ(sign("ws://host/play?app=live&stream=x"),
              "ws://host/play?app=live&stream=x&" + with("play", "/live/x"));
    EXPECT_EQ(sign("rtmp://host/live/x", Role::publish),
              "rtmp://host/live/x?" + with("publish", "/live/x"));
    EXPECT_EQ(sign("ws://host:50001/ingest/door", Role::camera),
              "ws://host:50001/ingest/door?" + with("camera", "/camera/door"));
    EXPECT_EQ(sign("ws://host/android-cam?name=door", Role::camera),
              "ws://host/android-cam?name=door&" + with("camera", "/camera/door"));
    for (const char* url : {"", "rtmp://host", "rtmp://host/x", "/live/..", "/live/a b", "x y"}) {
        EXPECT_FALSE(signed_url(url, Role::play, "s3cret", kUntil)) << url;
    }
    EXPECT_FALSE(signed_url("ws://host/android-cam", Role::camera, "s3cret", kUntil));
}

TEST(Sign, signs_for_a_time_and_not_for_control) {
    World world;
    const auto reply = world.call("sign", R"({"url":"/live/x","expires_s":60})");
    ASSERT_TRUE(reply);
    EXPECT_NE(reply->find("/live/x?sign="), std::string::npos);
    EXPECT_FALSE(world.call("sign", R"({"url":"/live/x","role":"control"})"));
    EXPECT_FALSE(world.call("sign", R"({"url":"/live/x","expires_s":0})"));
    auth::Policy none;
    world.policy.replace(none);
    EXPECT_EQ(world.call("sign", R"({"url":"/live/x"})").error().code,
              control::ErrorCode::conflict);
}

}  // namespace
}  // namespace st::api
