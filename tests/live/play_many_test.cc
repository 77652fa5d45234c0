#include "live/play_many.h"

#include <gtest/gtest.h>

#include "auth/signature.h"
#include "auth/wrong_tokens.h"
#include "base/clock.h"
#include "base/random.h"
#include "digest/digest.h"
#include "live/connections_world.h"
#include "ws/encode.h"

namespace st::live {
namespace {

using std::chrono::seconds;

/// A client's text frame, masked with zeros.
std::string text_frame(const std::string& text) {
    std::string frame = "\x81";
    if (text.size() < 126) {
        frame += static_cast<char>(0x80 | text.size());
    } else {
        frame += '\xFE';
        frame += static_cast<char>(text.size() >> 8);
        frame += static_cast<char>(text.size() & 0xFF);
    }
    return frame + std::string(4, '\0') + text;
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

const std::string kClosed =
    std::string(as_text(ws::encode_close(ws::kClosePolicy, "Unauthorized").bytes()));

struct PlayManyTest : testing::Test, ConnectionsWorld {
    std::shared_ptr<httpd::Wire> connect(const std::string& cookie = "") {
        auto wire = std::make_shared<httpd::Wire>();
        auth::Facts facts;
        facts.peer = *auth::parse_address("10.0.0.7");
        auto many = std::make_shared<PlayMany>(parts, net, httpd::Admission::Ticket(),
                                               transport(wire), facts, cookie, "10.0.0.7:1024");
        net.add(many);
        many->start({});
        return wire;
    }
    void say(httpd::Wire& wire, const std::string& text) {
        wire.receive(text_frame(text));
        loop.run_once();
        loop.run_once();
    }
    void let_in(auth::Mode mode) {
        auth::Policy made;
        made.of(auth::Role::play).mode = mode;
        made.secret = "of signatures";
        made.tokens = {{"kim", digest::sha256(as_bytes("right")), {auth::Role::play}}};
        policy.replace(made);
    }
    hub::Publication publish(const std::string& path) {
        class Holder final : public hub::Publisher {
            void probe() override {}
            void replaced() override {}
            void kicked(const std::string&) override {}
        };
        auto claimed = live.hub().publish(path, std::make_shared<Holder>(), {"rtmp", "peer", ""},
                                          hub::Clock::bits_32, loop.now_ns());
        EXPECT_TRUE(claimed);
        return std::move(*claimed);
    }
    void push_key(hub::Publication& publication, std::int64_t ms) {
        media::Packet packet;
        packet.is_key = true;
        packet.dts_ms = ms;
        const std::uint8_t units[] = {0, 0, 0, 3, 0x65, 0x88, 0x84};
        packet.payload = Buffer(Bytes(units));
        publication.push(std::move(packet), loop.now_ns());
        advance(std::chrono::milliseconds(100));
    }
    std::size_t viewers_of(const std::string& path) {
        const auto stream = live.hub().find(path);
        return stream ? stream->viewers() : 0;
    }
};

TEST_F(PlayManyTest, complaints_that_nobody_reads_end_the_connection) {
    const auto wire = connect();
    wire->room = 0;
    for (int i = 0; i < 10'000 && !wire->is_finishing; ++i) say(*wire, "[]");
    EXPECT_TRUE(wire->is_finishing);
    EXPECT_LT(wire->queued, 128U * 1024);
    EXPECT_TRUE(contains(wire->sent, "answers are not read"));
}

TEST_F(PlayManyTest, one_message_cannot_ask_for_more_answers_than_may_wait) {
    const auto wire = connect();
    wire->room = 0;
    std::string wanted = "1";
    for (std::uint64_t i = 1; i < kCommandsPerSecondMax; ++i) wanted += ",1";
    say(*wire, "{\"subscribe\":[" + wanted + "]}");
    EXPECT_TRUE(wire->is_finishing);
    EXPECT_TRUE(contains(wire->sent, "answers are not read"));
    EXPECT_LT(wire->queued, 128U * 1024);
}

TEST_F(PlayManyTest, complaints_that_are_read_are_no_reason_to_close) {
    const auto wire = connect();
    for (int i = 0; i < 5'000; ++i) {
        wire->room = i % 2 == 0 ? 0 : 1 << 20;
        say(*wire, "[]");
        if (i % 100 == 0) wire->drain();
    }
    EXPECT_FALSE(wire->is_finishing);
}

TEST_F(PlayManyTest, asking_for_more_than_anybody_has_to_ends_the_connection) {
    std::string ids = "1";
    for (std::uint64_t i = 0; i < kCommandsPerSecondMax / 2; ++i) ids += ",1";
    const auto wire = connect();
    const auto ask = [&] { say(*wire, "{\"unsubscribe\":[" + ids + "]}"); };
    for (int i = 0; i < 10; ++i) {
        ask();
        advance(seconds(1));
    }
    EXPECT_FALSE(wire->is_finishing);
    for (int i = 0; i < 4; ++i) ask();
    EXPECT_TRUE(wire->is_finishing);
    EXPECT_TRUE(contains(wire->sent, "too many requests")) << wire->sent;
}

TEST_F(PlayManyTest, asking_for_too_much_at_once_in_the_first_message_ends_the_connection) {
    std::string ids = "1";
    for (std::uint64_t i = 0; i < kCommandsPerSecondMax; ++i) ids += ",1";
    const auto wire = connect();
    say(*wire, "{\"unsubscribe\":[" + ids + "]}");
    EXPECT_TRUE(wire->is_finishing);
    EXPECT_TRUE(contains(wire->sent, "too many requests")) << wire->sent;
}

TEST_F(PlayManyTest, a_wrong_token_ends_the_connection_and_what_stands_behind_it_is_not_begun) {
    let_in(auth::Mode::token);
    const auto wire = connect();
    say(*wire,
        R"({"subscribe":[{"id":1,"path":"/live/a?token=wrong"},{"id":2,"path":"/live/b?token=right"}]})");
    EXPECT_TRUE(wire->sent.ends_with(kClosed)) << wire->sent;
    EXPECT_EQ(viewers_of("/live/b"), 0U);
    wire->handler->on_end({});
    loop.run_once();
    EXPECT_EQ(net.size(), 0U);
}

TEST_F(PlayManyTest, a_token_that_is_missing_ends_its_stream_alone) {
    let_in(auth::Mode::token);
    const auto wire = connect();
    say(*wire,
        R"({"subscribe":[{"id":1,"path":"/live/a"},{"id":2,"path":"/live/b?token=right"}]})");
    EXPECT_TRUE(
        contains(wire->sent, R"("id":1,"state":"ended","reason":"play: a token is needed")"))
        << wire->sent;
    EXPECT_FALSE(wire->is_finishing);
    EXPECT_EQ(viewers_of("/live/b"), 1U);
}

TEST_F(PlayManyTest, a_signature_that_does_not_hold_ends_its_stream_alone) {
    let_in(auth::Mode::signed_url);
    const auto wire = connect();
    const std::string expired = auth::make_signature("play", "/live/a", "of signatures", 1);
    say(*wire, R"({"subscribe":[{"id":1,"path":"/live/a?sign=)" + expired +
                   R"("},{"id":2,"path":"/live/b?token=any"}]})");
    EXPECT_TRUE(contains(wire->sent, R"("reason":"sign: expired")")) << wire->sent;
    EXPECT_TRUE(contains(wire->sent, "a signed URL is needed")) << wire->sent;
    EXPECT_FALSE(wire->is_finishing);
}

TEST_F(PlayManyTest, a_browser_that_is_logged_out_begins_no_more_streams) {
    let_in(auth::Mode::token);
    const std::string cookie =
        sessions.open_by_token("right", random_bytes<32>(), wall_us() / 1'000'000);
    const auto wire = connect(cookie);
    say(*wire, R"({"subscribe":[{"id":1,"path":"/live/a"}]})");
    EXPECT_FALSE(contains(wire->sent, "a token is needed"));
    sessions.close(cookie);
    say(*wire, R"({"subscribe":[{"id":2,"path":"/live/b"}]})");
    EXPECT_TRUE(
        contains(wire->sent, R"("id":2,"state":"ended","reason":"play: a token is needed")"))
        << wire->sent;
}

TEST_F(PlayManyTest, a_session_lasts_no_longer_than_its_token) {
    let_in(auth::Mode::token);
    const auto wire =
        connect(sessions.open_by_token("right", random_bytes<32>(), wall_us() / 1'000'000));
    auth::Policy without = *policy.get();
    without.tokens.clear();
    policy.replace(without);
    say(*wire, R"({"subscribe":[{"id":1,"path":"/live/a"}]})");
    EXPECT_TRUE(
        contains(wire->sent, R"("id":1,"state":"ended","reason":"play: a token is needed")"))
        << wire->sent;
}

TEST_F(PlayManyTest, takes_a_token_from_the_first_message) {
    let_in(auth::Mode::token);
    const auto wire = connect();
    say(*wire, R"({"token":"right"})");
    say(*wire, R"({"subscribe":[{"id":1,"path":"/live/a"}]})");
    EXPECT_EQ(viewers_of("/live/a"), 1U) << wire->sent;
    say(*wire, R"({"token":"other"})");
    say(*wire, R"({"subscribe":[{"id":2,"path":"/live/b"}]})");
    EXPECT_EQ(viewers_of("/live/b"), 1U) << "one that came stays";
    EXPECT_FALSE(wire->is_finishing);
}

TEST_F(PlayManyTest, a_wrong_token_in_the_first_message_is_a_guess) {
    let_in(auth::Mode::token);
    const auto wire = connect();
    say(*wire, R"({"token":"wrong"})");
    EXPECT_TRUE(wire->sent.ends_with(kClosed)) << wire->sent;
}

TEST_F(PlayManyTest, a_token_that_nobody_needs_is_no_guess) {
    const auto wire = connect();
    say(*wire, R"({"token":"any"})");
    say(*wire, R"({"subscribe":[{"id":1,"path":"/live/a"}]})");
    EXPECT_EQ(viewers_of("/live/a"), 1U) << wire->sent;
}

TEST_F(PlayManyTest, says_when_a_publisher_has_gone_and_is_back) {
    const auto wire = connect();
    say(*wire, R"({"subscribe":[{"id":1,"path":"/live/a"}]})");
    EXPECT_TRUE(contains(wire->sent, R"({"id":1,"state":"waiting"})")) << wire->sent;
    wire->sent.clear();
    auto first = publish("/live/a");
    push_key(first, 0);
    EXPECT_TRUE(contains(wire->sent, R"({"id":1,"state":"live"})")) << wire->sent;
    wire->sent.clear();
    first.end("left");
    advance(seconds(1));
    EXPECT_TRUE(contains(wire->sent, R"({"id":1,"state":"waiting"})")) << wire->sent;
    EXPECT_FALSE(contains(wire->sent, R"("live")"));
    wire->sent.clear();
    auto second = publish("/live/a");
    advance(seconds(1));
    EXPECT_FALSE(contains(wire->sent, R"("live")")) << "no picture yet";
    push_key(second, 0);
    EXPECT_TRUE(contains(wire->sent, R"({"id":1,"state":"live","zero_us":)")) << wire->sent;
}

TEST_F(PlayManyTest, says_that_it_is_alive_where_nothing_else_is_to_be_said) {
    constexpr std::string_view kAlive = R"({"alive":true})";
    constexpr auto kInterval = PlayMany::kAliveInterval;
    const auto wire = connect();
    advance(kInterval - std::chrono::milliseconds(100));
    EXPECT_EQ(wire->sent, "");
    advance(std::chrono::milliseconds(200));
    EXPECT_TRUE(contains(wire->take(), kAlive));
    say(*wire, R"({"subscribe":[{"id":1,"path":"/live/a"}]})");
    advance(kInterval);
    EXPECT_FALSE(contains(wire->take(), kAlive)) << "the answer was one";
    auto publication = publish("/live/a");
    for (std::int64_t ms = 0; ms < 12'000; ms += 100) {
        push_key(publication, ms);
        if (ms == 6'000) say(*wire, R"({"unsubscribe":[]})");  // who is silent is pinged
    }
    EXPECT_TRUE(contains(wire->sent, R"("state":"live")"));
    EXPECT_FALSE(contains(wire->take(), kAlive)) << "pictures are";
    advance(2 * kInterval);
    EXPECT_TRUE(contains(wire->take(), kAlive)) << "the publisher is there and silent";
}

TEST_F(PlayManyTest, signs_of_life_do_not_pile_up_before_who_does_not_read) {
    const auto wire = connect();
    wire->room = 0;
    say(*wire, "[]");
    for (int i = 0; i < 100; ++i) {
        advance(seconds(10));
        wire->receive("\x8A\x80" + std::string(4, '\0'));  // a pong
    }
    EXPECT_FALSE(wire->is_finishing);
    EXPECT_FALSE(contains(wire->sent, "alive"));
    wire->drain();
    advance(2 * PlayMany::kAliveInterval);
    EXPECT_TRUE(contains(wire->sent, "alive"));
}

TEST_F(PlayManyTest, says_that_it_waits_after_somebody_elsewhere_was_asked) {
    std::function<void(Result<void>)> answer;
    live.decide = [&](const auth::Question&, std::function<void(Result<void>)> decided) {
        answer = std::move(decided);
        return true;
    };
    const auto wire = connect();
    say(*wire, R"({"subscribe":[{"id":1,"path":"/live/a"}]})");
    EXPECT_FALSE(contains(wire->sent, "state")) << wire->sent;
    answer({});
    advance(std::chrono::milliseconds(10));
    EXPECT_TRUE(contains(wire->sent, R"({"id":1,"state":"waiting"})")) << wire->sent;
}

TEST_F(PlayManyTest, whoever_guesses_tokens_waits_longer_and_longer) {
    let_in(auth::Mode::token);
    const std::string guess = R"({"subscribe":[{"id":1,"path":"/live/a?token=wrong"}]})";
    for (std::uint32_t i = 0; i < auth::WrongTokens::kAtOnce; ++i) {
        const auto wire = connect();
        say(*wire, guess);
        EXPECT_TRUE(wire->is_finishing);
    }
    const auto wire = connect();
    say(*wire, guess);
    EXPECT_FALSE(wire->is_finishing);
    say(*wire, R"({"subscribe":[{"id":2,"path":"/live/b?token=right"}]})");
    EXPECT_EQ(wire->sent, "") << "no word before the answer";
    EXPECT_EQ(viewers_of("/live/b"), 0U);
    advance(auth::WrongTokens::kDelayMax);
    EXPECT_TRUE(contains(wire->sent, R"("state":"ended")")) << wire->sent;
    EXPECT_TRUE(wire->sent.ends_with(kClosed)) << wire->sent;
}

TEST_F(PlayManyTest, a_guesser_that_leaves_before_the_answer_is_forgotten) {
    let_in(auth::Mode::token);
    for (std::uint32_t i = 0; i <= auth::WrongTokens::kAtOnce; ++i) {
        const auto wire = connect();
        say(*wire, R"({"subscribe":[{"id":1,"path":"/live/a?token=wrong"}]})");
        wire->handler->on_end("reset");
    }
    advance(auth::WrongTokens::kDelayMax + seconds(1));
    EXPECT_EQ(net.size(), 0U);
}

}  // namespace
}  // namespace st::live
