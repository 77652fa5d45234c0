#include "live/live_request.h"

#include <gtest/gtest.h>

namespace st::live {
namespace {

using Kind = LiveRequest::Kind;

http::Target target(const std::string& text) {
    auto parsed = http::parse_target(text);
    EXPECT_TRUE(parsed) << text;
    return *parsed;
}

std::optional<LiveRequest> ws(const std::string& text,
                              const std::vector<std::string>& protocols = {},
                              const std::string& default_stream = {}) {
    auto request = ws_live_request(target(text), protocols, default_stream);
    EXPECT_TRUE(request) << request.error().message;
    return *request;
}

TEST(LiveRequest, is_a_path_of_two_names_that_ends_in_flv) {
    auto play = http_live_request(target("/live/cam.1.flv?token=x"), "GET");
    ASSERT_TRUE(play && *play);
    EXPECT_EQ((*play)->path, "/live/cam.1");
    EXPECT_EQ((*play)->kind, Kind::play);
    auto publish = http_live_request(target("/live/x.flv"), "POST");
    ASSERT_TRUE(publish && *publish);
    EXPECT_EQ((*publish)->kind, Kind::publish);
    for (const char* other : {"/", "/x.flv", "/a/b/c.flv", "/live/x", "/api/v1/cameras"}) {
        auto request = http_live_request(target(other), "GET");
        ASSERT_TRUE(request);
        EXPECT_FALSE(*request) << other;
    }
}

TEST(LiveRequest, refuses_what_is_no_name) {
    for (const char* bad : {"/live/.flv", "/live/.hidden.flv", "/-a/x.flv", "/live/a%20b.flv"}) {
        const auto request = http_live_request(target(bad), "GET");
        ASSERT_FALSE(request) << bad;
        EXPECT_EQ(request.error().code, 400);
    }
    const auto named = http_live_request(target("/live/K%C3%BCche.flv"), "POST");
    ASSERT_FALSE(named);
    EXPECT_EQ(named.error().message,
              "stream path: \"K\xC3\xBC"
              "che\" is no name: app and name are 1 to 64 of A-Z a-z 0-9 "
              ". _ -, beginning with a letter or digit");
}

TEST(LiveRequest, says_what_a_stream_is_to_publishers_of_something_else) {
    for (const char* other : {"/live/a/b.flv", "/x.flv"}) {
        for (const char* method : {"POST", "PUT"}) {
            const auto refused = http_live_request(target(other), method);
            ASSERT_FALSE(refused) << other;
            EXPECT_EQ(refused.error().message,
                      "a stream is /app/name.flv, got \"" + std::string(other) + "\"");
            EXPECT_EQ(refused.error().code, 400);
        }
    }
    const auto api = http_live_request(target("/api/v1/recordings/x.flv"), "POST");
    ASSERT_TRUE(api);
    EXPECT_FALSE(*api);
}

TEST(LiveRequest, knows_publishers_by_their_subprotocol) {
    EXPECT_EQ(ws("/live/x.flv")->kind, Kind::play);
    EXPECT_EQ(ws("/live/x.flv", {"other"})->kind, Kind::play);
    EXPECT_EQ(ws("/live/x.flv", {"publisher"})->kind, Kind::publish);
    EXPECT_EQ(ws("/live/x.flv", {"a", "post"})->kind, Kind::publish);
}

TEST(LiveRequest, takes_app_and_stream_from_the_query) {
    EXPECT_EQ(ws("/publish?app=live&stream=x")->kind, Kind::publish);
    EXPECT_EQ(ws("/play?app=live&stream=x")->path, "/live/x");
    const auto missing = ws_live_request(target("/play?app=live"), {}, "");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().message, "/play needs ?app= and &stream=");
    EXPECT_FALSE(ws_live_request(target("/play?app=..&stream=x"), {}, ""));
}

TEST(LiveRequest, deflates_for_players_that_ask_for_it) {
    EXPECT_FALSE(ws("/live/x.flv")->is_deflated);
    EXPECT_TRUE(ws("/live/x.flv?framing=zlib")->is_deflated);
    EXPECT_TRUE(ws("/play?app=live&stream=x&framing=zlib")->is_deflated);
    EXPECT_TRUE(ws("/?framing=zlib", {}, "/live/x")->is_deflated);
    EXPECT_FALSE(ws_live_request(target("/live/x.flv?framing=gzip"), {}, ""));
    const std::vector<std::string> publisher = {"publisher"};
    const auto refused = ws_live_request(target("/live/x.flv?framing=zlib"), publisher, "");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, 400);
}

TEST(LiveRequest, plays_the_default_stream_at_the_root_only) {
    EXPECT_FALSE(ws("/"));
    EXPECT_EQ(ws("/", {}, "/live/x")->path, "/live/x");
    EXPECT_FALSE(ws("/android-cam", {}, "/live/x"));
}

TEST(LiveRequest, keeps_publishers_out_of_our_own_apps) {
    for (const char* ours : {"/camera/x", "/api/x", "/ingest/x", "/control/x", "/web/x"}) {
        const auto refused = check_publish_path(ours);
        ASSERT_FALSE(refused) << ours;
        EXPECT_EQ(refused.error().code, 403);
    }
    EXPECT_TRUE(check_publish_path("/cameras/x"));
    EXPECT_TRUE(check_publish_path("/live/camera"));
}

}  // namespace
}  // namespace st::live
