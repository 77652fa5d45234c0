#include "notify/decider.h"

#include <gtest/gtest.h>

#include "notify/fakes.h"
#include "notify/signature.h"

namespace st::notify {
namespace {

using namespace std::chrono_literals;

struct Asking {
    void ask(const std::string& query = "key=1") {
        decider.ask(options, {true, "/live/x", "rtmp", query, "10.0.0.7:1024"},
                    [this](const Result<void>& may) {
                        said.push_back(may ? "yes" : std::to_string(may.error().code));
                    });
    }

    World world;
    DecideOptions options{
        "https://host/may", 3s, {*parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")}};
    Decider decider{world.http, world.timers, world.uses.wall_us, Log()};
    std::vector<std::string> said;
};

TEST(Decider, asks_with_a_signed_post_and_takes_any_2xx_for_a_yes) {
    Asking asking;
    asking.ask();
    const HttpPost& post = asking.world.http.requests.at(0);
    const std::string id = asking.world.http.last_id();
    EXPECT_EQ(post.body, R"({"type":"decide.publish","timestamp":"2026-01-31T08:15:30.000Z",)"
                         R"("data":{"path":"/live/x","app":"live","name":"x","protocol":"rtmp",)"
                         R"("query":"key=1","peer":"10.0.0.7:1024","id":")" +
                             id + R"("}})");
    EXPECT_EQ(asking.world.http.header(0, "webhook-signature"),
              signature(asking.options.keys, id, 1'769'847'330, post.body));
    asking.world.http.answer(204);
    EXPECT_EQ(asking.said, std::vector<std::string>{"yes"});
    asking.world.timers.advance(10s);
    EXPECT_EQ(asking.said.size(), 1U);
}

TEST(Decider, a_query_is_well_formed_and_not_endless) {
    Asking asking;
    asking.ask("pass=hush&a=\xff\x1b[2J\xe2\x80\xae");
    EXPECT_NE(asking.world.http.requests.at(0).body.find(
                  "\"query\":\"pass=hush&a=\uFFFD\uFFFD[2J\uFFFD\""),
              std::string::npos)
        << asking.world.http.requests.at(0).body;
    asking.ask(std::string(1'000'000, 'x'));
    EXPECT_LT(asking.world.http.requests.at(1).body.size(), 5'000U);
}

TEST(Decider, takes_everything_else_for_a_no) {
    for (const int status : {0, 199, 301, 302, 400, 403, 410, 500}) {
        Asking asking;
        asking.ask();
        asking.world.http.answer({status, status == 0 ? "Connection refused" : "", {}});
        EXPECT_EQ(asking.said, std::vector<std::string>{"403"}) << status;
    }
}

TEST(Decider, says_no_after_its_time_even_if_a_yes_follows) {
    Asking asking;
    asking.ask();
    const auto late = asking.world.http.open.front().done;
    asking.world.timers.advance(2999ms);
    EXPECT_TRUE(asking.said.empty());
    asking.world.timers.advance(1ms);
    late({200, {}, {}});
    EXPECT_EQ(asking.said, std::vector<std::string>{"403"});
}

TEST(Decider, gives_up_what_nobody_waits_for_any_more) {
    Asking asking;
    asking.ask();
    asking.world.timers.advance(1s);
    asking.ask();
    asking.world.timers.advance(2s);
    ASSERT_EQ(asking.world.http.open.size(), 1U) << "the first one's time has passed";
    asking.world.http.answer(200);
    EXPECT_EQ(asking.said, (std::vector<std::string>{"403", "yes"}));
    // Within the question's time the client has no say: it may see an answer before the clock.
    EXPECT_GT(asking.world.http.requests.at(0).timeout, asking.options.timeout);
}

TEST(Decider, says_no_when_too_many_questions_are_open) {
    Asking asking;
    for (std::size_t i = 0; i < Decider::kPendingMax; ++i) asking.ask();
    EXPECT_TRUE(asking.said.empty());
    asking.ask();
    EXPECT_EQ(asking.said, std::vector<std::string>{"403"});
    asking.world.http.answer(200);
    asking.ask();
    EXPECT_EQ(asking.said, (std::vector<std::string>{"403", "yes"}));
}

}  // namespace
}  // namespace st::notify
