#include "httpd/http_connection.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "digest/digest.h"
#include "httpd/fake_transport.h"
#include "ws/encode.h"

namespace st::httpd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Test;

const std::string kUpgrade =
    "Host: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

/// A client's text frame, masked with zeros.
std::string text_frame(const std::string& text) {
    std::string frame = "\x81";
    frame += static_cast<char>(0x80 | text.size());
    return frame + std::string(4, '\0') + text;
}

/// Whoever takes a connection over, for the tests to look at.
class Taker final : public Connection, public loop::StreamHandler {
 public:
    explicit Taker(Handover given) : handover(std::move(given)) {
        handover.transport->set_handler(*this);
    }
    void shut_down() override { was_shut_down = true; }
    void on_data(std::span<std::uint8_t> bytes) override { handover.pending += as_text(bytes); }
    void on_end(std::string_view) override { has_ended = true; }

    Handover handover;
    bool was_shut_down = false;
    bool has_ended = false;
};

/// What the disk has to do, when the test says so.
class DiskByHand final : public loop::BlockingWork {
 public:
    void post(loop::Effort, loop::Task task) override { tasks_.push_back(std::move(task)); }
    void run_once() {
        for (const loop::Task& task : std::exchange(tasks_, {})) task();
    }

 private:
    std::vector<loop::Task> tasks_;
};

class HttpConnectionTest : public Test {
 protected:
    HttpConnectionTest() {
        policy.of(auth::Role::control).mode = auth::Mode::open;
        router.add_request([this](const Request& request) { return plan(request); });
        router.add_upgrade([this](const Request& request) { return plan_upgrade(request); });
        connect();
    }
    ~HttpConnectionTest() override { net.stop(); }

    void connect() {
        wire = std::make_shared<Wire>();
        current_policy.replace(policy);
        auto connection = std::make_shared<HttpConnection>(
            uses, net, Admission::Ticket(),
            Peer{"10.0.0.7:51544", "10.0.0.7", {}, is_on_control_socket}, "");
        auto transport = std::make_unique<FakeTransport>(loop, wire);
        transport->set_handler(*connection);
        connection->start(std::move(transport));
        net.add(std::move(connection));
    }

    std::optional<Plan> plan(const Request& request) {
        const std::string& path = request.target.path;
        Plan made;
        if (path == "/secret") made.role = auth::Role::play;
        if (path == "/no") return Plan::refuse(405, "not here", {{"Allow", "GET"}});
        if (path == "/take") {
            made.take_over = [this](const Request& asked, Handover handover) {
                taken_peer = asked.peer;
                take(std::move(handover));
            };
            return made;
        }
        if (!path.starts_with("/echo") && path != "/secret" && path != "/file") return std::nullopt;
        made.answer = [this](Request asked, const Reply& reply) {
            replies.push_back(reply);
            bodies.push_back(asked.body);
            if (!answers_at_once) return;
            http::Response response;
            response.body = asked.target.path + ":" + asked.body;
            reply({response, {}});
        };
        return made;
    }
    std::optional<Plan> plan_upgrade(const Request& request) {
        if (request.target.path != "/socket") return std::nullopt;
        Plan made;
        made.role = auth::Role::play;
        made.take_over = [this](Request, Handover handover) { take(std::move(handover)); };
        return made;
    }
    void take(Handover handover) {
        taker = std::make_shared<Taker>(std::move(handover));
        net.add(taker);
    }

    void receive(std::string_view text) {
        wire->receive(text);
        loop.run_once();
        loop.run_once();
    }
    void advance(milliseconds by) { ManualClock::advance(loop, by); }
    void end_server() {
        shutting_down = true;
        net.shut_down_all();
        loop.run_once();
    }

    loop::EventLoop loop{ManualClock::now};
    DiskByHand disk;
    TokenGuard wrong_tokens{Log()};
    NetLoop net{loop};
    Router router;
    auth::Policy policy;
    bool is_on_control_socket = false;
    Peer taken_peer;
    Current<auth::Policy> current_policy{auth::Policy{}};
    Counters counters;
    std::atomic<bool> shutting_down{false};
    Sessions sessions{50001};
    HttpConnection::Uses uses{router, current_policy, counters, shutting_down,
                              disk,   wrong_tokens,   sessions, Log()};
    std::shared_ptr<Wire> wire;
    std::shared_ptr<Taker> taker;
    std::vector<Reply> replies;
    std::vector<std::string> bodies;
    bool answers_at_once = true;
};

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::size_t count(const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

TEST_F(HttpConnectionTest, answers_a_request_however_it_is_split) {
    const std::string request = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
    for (std::size_t at = 1; at < request.size(); ++at) {
        SCOPED_TRACE(at);
        connect();
        wire->receive(request.substr(0, at));
        loop.run_once();
        EXPECT_EQ(wire->sent, "");
        receive(request.substr(at));
        EXPECT_TRUE(wire->sent.starts_with("HTTP/1.1 200 OK\r\n")) << wire->sent;
        EXPECT_TRUE(wire->sent.ends_with("\r\n\r\n/echo:hello")) << wire->sent;
        EXPECT_FALSE(wire->is_finishing);
    }
}

TEST_F(HttpConnectionTest, answers_pipelined_requests_in_order_and_one_at_a_time) {
    answers_at_once = false;
    receive("GET /echo1 HTTP/1.1\r\nHost: x\r\n\r\nGET /echo2 HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_EQ(replies.size(), 1U);
    replies[0]({http::Response{200, "", {}, "one"}, {}});
    loop.run_once();
    loop.run_once();
    ASSERT_EQ(replies.size(), 2U);
    replies[1]({http::Response{200, "", {}, "two"}, {}});
    loop.run_once();
    EXPECT_LT(wire->sent.find("one"), wire->sent.find("two"));
}

TEST_F(HttpConnectionTest, stops_reading_a_peer_that_pipelines_without_end) {
    answers_at_once = false;
    receive("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    receive(std::string(kPipelinedBytesMax + 1, 'x'));
    EXPECT_FALSE(wire->is_reading);
}

TEST_F(HttpConnectionTest, reads_on_when_what_was_pipelined_is_taken) {
    answers_at_once = false;
    receive("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string body(60'000, 'x');
    receive("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" + body +
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" +
            body.substr(10'000));
    ASSERT_FALSE(wire->is_reading);
    for (std::size_t i = 0; i < 2; ++i) {
        ASSERT_EQ(replies.size(), i + 1);
        replies[i]({http::Response{200, "", {}, "ok"}, {}});
        loop.run_once();
        // Whoever is read again at once has more to say before what waits is looked at.
        if (wire->is_reading) wire->receive(body.substr(0, 5'000));
        loop.run_once();
    }
    EXPECT_TRUE(wire->is_reading) << "the rest of the second body is still to come";
}

TEST_F(HttpConnectionTest, holds_little_of_what_is_pipelined_without_end) {
    const std::string request = "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n";
    constexpr std::size_t kRead = 256 * 1024;  // what a turn of the loop delivers
    std::string stream;
    while (stream.size() < kRead) stream += request;
    std::size_t received = 0;
    std::size_t held_max = 0;
    for (int turn = 0; turn < 200; ++turn) {
        if (wire->is_reading) {
            wire->receive(stream);
            received += stream.size();
        }
        loop.run_once();
        held_max = std::max(held_max, counters.memory.total());
    }
    const std::size_t answered = count(wire->sent, "200 OK");
    EXPECT_GT(answered, 50U);
    EXPECT_LT(received - answered * request.size(), kPipelinedBytesMax + 2 * kRead);
    EXPECT_GT(held_max, kPipelinedBytesMax) << "it is charged to the budget";
    EXPECT_LT(held_max, kPipelinedBytesMax + 2 * kRead);
    wire->handler->on_end("");
    loop.run_once();
    EXPECT_EQ(counters.memory.total(), 0U);
}

TEST_F(HttpConnectionTest, reads_on_once_enough_of_what_was_pipelined_is_answered) {
    const std::string request = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n" +
                                std::string(20'000, 'x');
    std::string stream;
    for (int i = 0; i < 10; ++i) stream += request;
    wire->receive(stream);
    EXPECT_FALSE(wire->is_reading);
    for (int turn = 0; turn < 40; ++turn) {
        loop.run_once();
        const std::size_t left = 10 - bodies.size();
        EXPECT_FALSE(wire->is_reading && left * request.size() > kPipelinedBytesMax) << left;
    }
    EXPECT_EQ(count(wire->sent, "200 OK"), 10U);
    EXPECT_TRUE(wire->is_reading);
}

TEST_F(HttpConnectionTest, takes_no_request_while_the_last_answer_is_not_taken) {
    wire->room = 0;
    const std::string request = "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n";
    receive(request + request + request);
    EXPECT_EQ(replies.size(), 1U);
    EXPECT_GT(wire->queued, 0U);
    EXPECT_EQ(counters.memory.total(), wire->queued + 2 * request.size());
    wire->drain(0);
    loop.run_once();
    loop.run_once();
    EXPECT_EQ(replies.size(), 2U);
    wire->drain();
    for (int i = 0; i < 4; ++i) loop.run_once();
    EXPECT_EQ(replies.size(), 3U);
    EXPECT_EQ(counters.memory.total(), 0U);
    EXPECT_FALSE(wire->is_closed || wire->is_finishing);
}

TEST_F(HttpConnectionTest, refusals_pile_up_no_more_than_answers_do) {
    wire->room = 0;
    for (int i = 0; i < 1'000 && wire->is_reading; ++i) {
        receive("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\nGET /no HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    EXPECT_EQ(count(wire->sent, "HTTP/1.1 "), 1U);
}

TEST_F(HttpConnectionTest, a_peer_that_does_not_take_its_answer_is_closed) {
    wire->room = 0;
    receive("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    advance(kDownloadDeadline - seconds(1));
    EXPECT_FALSE(wire->is_closed);
    receive("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");  // which only piles up
    advance(seconds(1) + milliseconds(100));
    EXPECT_TRUE(wire->is_closed);
    loop.run_once();
    EXPECT_EQ(counters.memory.total(), 0U);
}

TEST_F(HttpConnectionTest, a_peer_that_takes_its_answer_slowly_gets_all_of_it) {
    answers_at_once = false;
    wire->room = 0;
    receive("GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    replies[0]({http::Response{200, "", {}, std::string(4 * FileSender::kPieceBytes, 'x')}, {}});
    for (int piece = 0; piece < 3; ++piece) {
        advance(kDownloadDeadline - seconds(1));
        wire->queued -= FileSender::kPieceBytes;
        advance(seconds(1));
    }
    EXPECT_FALSE(wire->is_closed || wire->is_finishing);
    wire->drain();
    EXPECT_TRUE(wire->is_finishing);
    EXPECT_FALSE(wire->is_closed);
}

TEST_F(HttpConnectionTest, an_answer_that_is_not_taken_yet_goes_out_when_the_server_ends) {
    wire->room = 0;
    receive("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    end_server();
    EXPECT_FALSE(wire->is_closed);
    wire->drain();
    EXPECT_TRUE(wire->is_finishing);
}

TEST_F(HttpConnectionTest, a_half_closed_peer_gets_its_answer_and_then_the_end) {
    answers_at_once = false;
    receive("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(wire->handler->on_half_end());
    replies[0]({http::Response{200, "", {}, "late"}, {}});
    loop.run_once();
    EXPECT_TRUE(contains(wire->sent, "late"));
    EXPECT_TRUE(contains(wire->sent, "Connection: close"));
    EXPECT_TRUE(wire->is_finishing);
}

TEST_F(HttpConnectionTest, a_peer_that_closes_its_side_between_requests_is_gone) {
    receive("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_FALSE(wire->handler->on_half_end());
}

TEST_F(HttpConnectionTest, an_answer_after_the_peer_left_goes_nowhere) {
    answers_at_once = false;
    receive("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    wire->handler->on_end("reset");
    loop.run_once();
    EXPECT_EQ(net.size(), 0U);
    replies[0]({http::Response{200, "", {}, "late"}, {}});
    loop.run_once();
    EXPECT_EQ(wire->sent, "");
}

TEST_F(HttpConnectionTest, a_peer_that_ends_between_two_answers_gets_the_second_as_well) {
    answers_at_once = false;
    const std::string request = "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n";
    receive(request + request);
    ASSERT_EQ(replies.size(), 1U);
    replies[0]({http::Response{200, "", {}, "first"}, {}});
    loop.post([this] { EXPECT_TRUE(wire->handler->on_half_end()); });  // behind the answer
    loop.run_once();
    loop.run_once();
    ASSERT_EQ(replies.size(), 2U);
    replies[1]({http::Response{200, "", {}, "second"}, {}});
    loop.run_once();
    EXPECT_TRUE(wire->sent.ends_with("second")) << wire->sent;
    EXPECT_TRUE(wire->is_finishing);
}

TEST_F(HttpConnectionTest, refuses_a_body_over_the_limit_from_its_head) {
    receive("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n");
    EXPECT_TRUE(wire->sent.starts_with("HTTP/1.1 413 ")) << wire->sent;
    EXPECT_TRUE(wire->is_finishing);
    EXPECT_TRUE(replies.empty());
}

TEST_F(HttpConnectionTest, asks_for_the_body_of_a_client_that_waits_to_be_asked) {
    receive("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(wire->take(), "HTTP/1.1 100 Continue\r\n\r\n");
    receive("ok");
    EXPECT_TRUE(wire->sent.ends_with("/echo:ok"));
}

TEST_F(HttpConnectionTest, refusals_close_and_carry_their_fields) {
    receive("GET /no HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(wire->sent.starts_with("HTTP/1.1 405 "));
    EXPECT_TRUE(contains(wire->sent, "\r\nAllow: GET\r\n"));
    EXPECT_TRUE(contains(wire->sent,
                         "{\"error\":{\"code\":\"method_not_allowed\",\"message\":\"not here\","
                         "\"field\":null}}"));
    EXPECT_TRUE(wire->is_finishing);
}

TEST_F(HttpConnectionTest, what_no_route_wants_is_not_found) {
    receive("GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(wire->sent.starts_with("HTTP/1.1 404 "));
}

TEST_F(HttpConnectionTest, a_role_is_checked_before_the_route_sees_a_body) {
    policy.of(auth::Role::play).mode = auth::Mode::token;
    connect();
    receive("POST /secret HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_TRUE(wire->sent.starts_with("HTTP/1.1 401 "));
    EXPECT_TRUE(contains(wire->sent, "WWW-Authenticate: Bearer"));
    EXPECT_TRUE(bodies.empty());
}

TEST_F(HttpConnectionTest, whoever_guesses_tokens_waits_longer_and_longer) {
    const std::string guess = "GET /secret HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer no\r\n\r\n";
    policy.of(auth::Role::play).mode = auth::Mode::token;
    for (std::uint32_t i = 0; i < auth::WrongTokens::kAtOnce; ++i) {
        connect();
        receive(guess);
        EXPECT_TRUE(wire->sent.starts_with("HTTP/1.1 401 ")) << i;
    }
    connect();
    receive(guess);
    EXPECT_EQ(wire->sent, "");
    advance(milliseconds(200));
    EXPECT_TRUE(wire->sent.starts_with("HTTP/1.1 401 ")) << wire->sent;
    connect();
    receive("GET /secret HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(wire->sent.starts_with("HTTP/1.1 401 ")) << "no token is no guess";
}

TEST_F(HttpConnectionTest, a_guesser_that_leaves_before_the_answer_is_forgotten) {
    policy.of(auth::Role::play).mode = auth::Mode::token;
    for (std::uint32_t i = 0; i <= auth::WrongTokens::kAtOnce; ++i) {
        connect();
        receive("GET /secret?token=no HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    const std::size_t before = net.size();
    wire->handler->on_end("");
    loop.run_once();
    EXPECT_EQ(net.size(), before - 1);
    advance(seconds(6));
    EXPECT_EQ(wire->sent, "");
}

TEST_F(HttpConnectionTest, the_control_socket_is_local) {
    policy.of(auth::Role::play).mode = auth::Mode::local;
    connect();
    receive("GET /secret HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    EXPECT_TRUE(wire->sent.starts_with("HTTP/1.1 401 "));
    is_on_control_socket = true;
    connect();
    receive("GET /secret HTTP/1.1\r\nHost: anything\r\n\r\n");
    EXPECT_TRUE(wire->sent.starts_with("HTTP/1.1 200 "));
}

TEST_F(HttpConnectionTest, behind_a_trusted_proxy_the_client_is_the_peer) {
    policy.trusted_proxies = {auth::Range{auth::Address{}}};  // as the peer of these tests
    connect();
    receive("GET /take HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n");
    ASSERT_TRUE(taker);
    EXPECT_EQ(taken_peer.text, "203.0.113.9:51544");
    EXPECT_EQ(taken_peer.camera_name, "203.0.113.9");
    EXPECT_EQ(auth::to_text(taken_peer.address), "203.0.113.9");
}

// ---- deadlines -------------------------------------------------------------------------------

TEST_F(HttpConnectionTest, a_connection_without_a_request_is_closed_without_a_word) {
    advance(kHeadDeadline + milliseconds(100));
    EXPECT_TRUE(wire->is_closed);
    EXPECT_EQ(wire->sent, "");
    EXPECT_EQ(net.size(), 0U);
}

TEST_F(HttpConnectionTest, a_head_that_trickles_gets_408) {
    receive("GET /echo HTTP/1.1\r\n");
    for (int i = 0; i < 6; ++i) {
        advance(seconds(1));
        if (!wire->is_finishing) receive("A: b\r\n");
    }
    EXPECT_TRUE(wire->sent.starts_with("HTTP/1.1 408 ")) << wire->sent;
}

TEST_F(HttpConnectionTest, a_body_that_does_not_come_gets_408) {
    receive("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel");
    advance(kBodyDeadline + milliseconds(100));
    EXPECT_TRUE(wire->sent.starts_with("HTTP/1.1 408 ")) << wire->sent;
}

TEST_F(HttpConnectionTest, an_idle_connection_is_kept_for_a_while_and_then_closed) {
    receive("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    advance(kKeepAliveDeadline - seconds(1));
    EXPECT_FALSE(wire->is_closed);
    receive("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(count(wire->sent, "200 OK"), 2U);
    advance(kKeepAliveDeadline + milliseconds(100));
    EXPECT_TRUE(wire->is_closed);
}

TEST_F(HttpConnectionTest, an_answer_has_no_deadline_while_it_is_made) {
    answers_at_once = false;
    receive("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    advance(seconds(60));
    EXPECT_FALSE(wire->is_closed || wire->is_finishing);
}

// ---- taking over -----------------------------------------------------------------------------

TEST_F(HttpConnectionTest, a_taken_request_takes_along_what_came_behind_it) {
    wire->receive("GET /take HTTP/1.1\r\nHost: x\r\n\r\nfirst ");
    wire->receive("second");
    EXPECT_FALSE(taker) << "taken before the turn was over";
    loop.run_once();
    ASSERT_TRUE(taker);
    EXPECT_EQ(taker->handover.pending, "first second");
    EXPECT_EQ(taker->handover.upgrade_answer, "");
    wire->receive(" third");
    EXPECT_EQ(taker->handover.pending, "first second third");
    EXPECT_EQ(net.size(), 1U);
}

TEST_F(HttpConnectionTest, a_publisher_that_sent_everything_and_left_is_still_taken) {
    wire->receive("POST /take HTTP/1.1\r\nHost: x\r\n\r\nall of it");
    wire->handler->on_end("");
    ASSERT_TRUE(taker);
    EXPECT_TRUE(taker->handover.input_over);
    EXPECT_TRUE(taker->has_ended);
}

TEST_F(HttpConnectionTest, an_upgrade_gets_its_101_from_whoever_takes_it) {
    receive("GET /socket HTTP/1.1\r\n" + kUpgrade + "Sec-WebSocket-Protocol: a, b\r\n\r\nbehind");
    ASSERT_TRUE(taker);
    EXPECT_EQ(wire->sent, "");
    const std::string& answer = taker->handover.upgrade_answer;
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 101 "));
    EXPECT_TRUE(contains(answer, "Sec-WebSocket-Protocol: a\r\n")) << answer;
    EXPECT_EQ(taker->handover.pending, "behind");
}

TEST_F(HttpConnectionTest, refuses_upgrades_in_http) {
    receive("GET /nowhere HTTP/1.1\r\n" + kUpgrade + "\r\n");
    EXPECT_TRUE(wire->sent.starts_with("HTTP/1.1 404 "));
    connect();
    receive(
        "GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n");
    EXPECT_TRUE(wire->sent.starts_with("HTTP/1.1 426 "));
    EXPECT_TRUE(contains(wire->sent, "Sec-WebSocket-Version: 13"));
}

TEST_F(HttpConnectionTest, a_refusal_quotes_what_a_peer_sent_without_what_would_act_on_a_terminal) {
    for (const auto& [version, quoted] :
         std::vector<std::pair<std::string, std::string>>{{"\xC2\x9B"
                                                           "31m",
                                                           "\\u009b31m"},
                                                          {"\xE2\x80\xAE"
                                                           "8",
                                                           "\\u202e8"},
                                                          {"\"8\\", "\\\"8\\\\"},
                                                          {"\xFF"
                                                           "8",
                                                           "\xEF\xBF\xBD"
                                                           "8"}}) {
        connect();
        receive(
            "GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: " +
            version + "\r\n\r\n");
        EXPECT_TRUE(wire->sent.starts_with("HTTP/1.1 426 "));
        EXPECT_TRUE(contains(wire->sent, "Sec-WebSocket-Version " + quoted + ", expected 13\""))
            << wire->sent;
    }
}

TEST_F(HttpConnectionTest, takes_nothing_over_while_the_server_ends) {
    shutting_down = true;
    receive("GET /socket HTTP/1.1\r\n" + kUpgrade + "\r\n");
    EXPECT_TRUE(wire->sent.starts_with("HTTP/1.1 503 "));
    EXPECT_FALSE(taker);
}

// ---- tokens as the first message -------------------------------------------------------------

class TokenTest : public HttpConnectionTest {
 protected:
    TokenTest() {
        policy.of(auth::Role::play).mode = auth::Mode::token;
        policy.tokens = {{"viewer", digest::sha256(as_bytes("right")), {auth::Role::play}}};
        connect();
        receive("GET /socket HTTP/1.1\r\n" + kUpgrade + "\r\n");
        EXPECT_TRUE(wire->take().starts_with("HTTP/1.1 101 "));
        EXPECT_FALSE(taker);
    }
    std::string closed_with(std::uint16_t code, const std::string& reason) {
        return std::string(as_text(ws::encode_close(code, reason).bytes()));
    }
};

TEST_F(TokenTest, the_right_one_opens_and_what_follows_belongs_to_the_taker) {
    const std::string message = text_frame("{\"token\":\"right\"}");
    for (const char byte : message) wire->receive(std::string(1, byte));
    wire->receive("rest");
    loop.run_once();
    ASSERT_TRUE(taker);
    EXPECT_EQ(taker->handover.upgrade_answer, "") << "the 101 is out";
    EXPECT_EQ(taker->handover.pending, "rest");
}

TEST_F(TokenTest, a_wrong_one_closes) {
    receive(text_frame("{\"token\":\"wrong\"}"));
    EXPECT_EQ(wire->sent, closed_with(1008, "Unauthorized"));
    EXPECT_TRUE(wire->is_finishing);
    EXPECT_FALSE(taker);
}

TEST_F(TokenTest, pings_of_a_peer_that_does_not_read_are_answered_once) {
    wire->room = 0;
    const std::string ping("\x89\x80\0\0\0\0", 6);
    for (int i = 0; i < 1'000; ++i) wire->receive(ping);
    EXPECT_LT(wire->queued, 200U);
}

TEST_F(TokenTest, anything_else_closes) {
    receive(text_frame("{\"status\":\"ready\"}"));
    EXPECT_EQ(wire->sent, closed_with(1008, "Unauthorized"));
}

TEST_F(TokenTest, none_within_the_deadline_closes) {
    advance(kTokenDeadline + milliseconds(100));
    EXPECT_EQ(wire->sent, closed_with(1008, "Unauthorized"));
}

TEST_F(TokenTest, the_end_of_the_server_closes) {
    end_server();
    EXPECT_EQ(wire->sent, closed_with(1001, "server shutting down"));
    EXPECT_TRUE(wire->is_finishing);
}

// ---- the server ends, in each state ----------------------------------------------------------

TEST_F(HttpConnectionTest, an_idle_connection_is_closed_when_the_server_ends) {
    end_server();
    EXPECT_TRUE(wire->is_closed);
    loop.run_once();
    EXPECT_EQ(net.size(), 0U);
}

TEST_F(HttpConnectionTest, a_half_request_is_closed_when_the_server_ends) {
    receive("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel");
    end_server();
    EXPECT_TRUE(wire->is_closed);
}

TEST_F(HttpConnectionTest, an_answer_under_way_is_given_when_the_server_ends) {
    answers_at_once = false;
    receive("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    end_server();
    EXPECT_FALSE(wire->is_closed);
    replies[0]({http::Response{200, "", {}, "late"}, {}});
    loop.run_once();
    EXPECT_TRUE(contains(wire->sent, "late"));
    EXPECT_TRUE(wire->is_finishing);
}

TEST_F(HttpConnectionTest, a_connection_to_be_taken_is_closed_when_the_server_ends_before) {
    wire->receive("GET /take HTTP/1.1\r\nHost: x\r\n\r\n");
    end_server();
    loop.run_once();
    EXPECT_TRUE(wire->is_closed);
    EXPECT_FALSE(taker);
}

// ---- files -----------------------------------------------------------------------------------

class FileTest : public HttpConnectionTest {
 protected:
    FileTest() {
        answers_at_once = false;
        char name[] = "/tmp/httpd_test_XXXXXX";
        file = std::make_shared<Fd>(::mkstemp(name));
        ::unlink(name);
        EXPECT_EQ(::ftruncate(file->get(), kBytes), 0);
        receive("GET /file HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    void reply_with(std::uint64_t bytes) {
        Answer answer;
        answer.files = std::vector<FileRange>{{file, 0, bytes}};
        replies[0](std::move(answer));
        loop.run_once();
    }
    /// The disk thread and the loop, as often as they have something for each other.
    void turn() {
        for (int i = 0; i < 10; ++i) {
            disk.run_once();
            loop.run_once();
        }
    }
    static constexpr std::uint64_t kBytes = 3 * FileSender::kPieceBytes;
    std::shared_ptr<Fd> file;
};

TEST_F(FileTest, is_sent_in_pieces_as_fast_as_the_peer_reads) {
    wire->room = 0;
    reply_with(kBytes);
    turn();
    const std::size_t head = wire->sent.find("\r\n\r\n") + 4;
    for (std::size_t pieces = 1; pieces <= 3; ++pieces) {
        EXPECT_EQ(wire->sent.size(), head + pieces * FileSender::kPieceBytes);
        wire->drain(0);
        turn();
    }
    EXPECT_EQ(wire->sent.size(), head + kBytes);
    EXPECT_FALSE(wire->is_finishing) << "the next request may follow";
}

TEST_F(FileTest, a_peer_that_takes_nothing_is_closed) {
    wire->room = 0;
    reply_with(kBytes);
    turn();
    advance(kDownloadDeadline + milliseconds(100));
    EXPECT_TRUE(wire->is_closed);
}

TEST_F(FileTest, a_slow_disk_costs_a_peer_that_takes_everything_nothing) {
    reply_with(kBytes);
    for (int piece = 0; piece < 3; ++piece) {
        advance(kDownloadDeadline * 2);
        EXPECT_FALSE(wire->is_closed) << piece;
        disk.run_once();
        loop.run_once();
    }
    turn();
    EXPECT_EQ(wire->sent.size(), wire->sent.find("\r\n\r\n") + 4 + kBytes);
    EXPECT_FALSE(wire->is_closed || wire->is_finishing);
    advance(kKeepAliveDeadline + milliseconds(100));
    EXPECT_TRUE(wire->is_closed) << "no other request came";
}

TEST_F(FileTest, a_peer_has_its_whole_time_for_a_piece_that_the_disk_was_slow_to_give) {
    wire->room = 1'000;  // the head
    reply_with(kBytes);
    advance(kDownloadDeadline - seconds(1));
    turn();
    advance(kDownloadDeadline - seconds(1));
    EXPECT_FALSE(wire->is_closed);
    wire->drain(0);
    turn();
    advance(kDownloadDeadline - seconds(1));
    EXPECT_FALSE(wire->is_closed);
    advance(seconds(1) + milliseconds(100));
    EXPECT_TRUE(wire->is_closed);
}

TEST_F(FileTest, a_piece_that_waits_is_charged_to_the_budget) {
    wire->room = 0;
    reply_with(kBytes);
    turn();
    EXPECT_EQ(counters.memory.total(), wire->queued);
    EXPECT_GT(wire->queued, FileSender::kPieceBytes);
    wire->drain(0);
    EXPECT_EQ(counters.memory.total(), 0U) << "the next one is still read";
    turn();
    EXPECT_EQ(counters.memory.total(), FileSender::kPieceBytes);
    advance(kDownloadDeadline + milliseconds(100));
    EXPECT_TRUE(wire->is_closed);
    loop.run_once();
    EXPECT_EQ(counters.memory.total(), 0U);
}

TEST_F(FileTest, heads_and_empty_files_pile_up_no_more_than_answers_do) {
    for (const std::string method : {"HEAD", "GET"}) {
        connect();
        replies.clear();
        wire->room = 0;
        const std::string request = method + " /file HTTP/1.1\r\nHost: x\r\n\r\n";
        receive(request + request + request);
        for (std::size_t i = 0; i < replies.size(); ++i) {
            Answer answer;
            answer.files = std::vector<FileRange>{{file, 0, method == "HEAD" ? kBytes : 0}};
            replies[i](std::move(answer));
            turn();
        }
        EXPECT_EQ(count(wire->sent, "HTTP/1.1 "), 1U) << method;
        wire->drain();
        turn();
        EXPECT_EQ(replies.size(), 2U) << method;
    }
}

TEST_F(FileTest, one_that_became_shorter_breaks_the_connection) {
    reply_with(kBytes + 1);
    turn();
    EXPECT_TRUE(wire->is_closed);
}

TEST_F(FileTest, is_sent_to_its_end_when_the_server_ends) {
    wire->room = 0;
    reply_with(FileSender::kPieceBytes);
    turn();
    end_server();
    EXPECT_FALSE(wire->is_closed);
    wire->drain();
    turn();
    EXPECT_TRUE(wire->is_finishing);
}

}  // namespace
}  // namespace st::httpd
