#include "api/control_connection.h"

#include <gtest/gtest.h>

#include "api/desk_access.h"
#include "httpd/fake_transport.h"

namespace st::api {
namespace {

using httpd::FakeTransport;
using httpd::ManualClock;
using httpd::Wire;

/// A client's text frame of up to 65,535 bytes, masked with zeros.
std::string frame(const std::string& text) {
    std::string out = "\x81";
    if (text.size() < 126) {
        out += static_cast<char>(0x80 | text.size());
    } else {
        out += static_cast<char>(0x80 | 126);
        out += static_cast<char>(text.size() >> 8U);
        out += static_cast<char>(text.size() & 255U);
    }
    return out + std::string(4, '\0') + text;
}

/// The texts of a server's frames; a close frame as "close 1008".
std::vector<std::string> texts(std::string_view bytes) {
    std::vector<std::string> found;
    while (bytes.size() >= 2) {
        const auto opcode = static_cast<unsigned char>(bytes[0]) & 15U;
        std::size_t size = static_cast<unsigned char>(bytes[1]);
        std::size_t head = 2;
        if (size == 126) {
            size =
                static_cast<unsigned char>(bytes[2]) * 256U + static_cast<unsigned char>(bytes[3]);
            head = 4;
        }
        const std::string_view body = bytes.substr(head, size);
        if (opcode == 8) {
            found.push_back("close " + std::to_string(static_cast<unsigned char>(body[0]) * 256U +
                                                      static_cast<unsigned char>(body[1])));
        } else {
            found.emplace_back(body);
        }
        bytes.remove_prefix(head + size);
    }
    return found;
}

class ControlConnectionTest : public ::testing::Test {
 protected:
    ControlConnectionTest() {
        auto transport = std::make_unique<FakeTransport>(loop, wire);
        auto connection = std::make_shared<ControlConnection>(
            uses, net, httpd::Admission::Ticket(), "10.0.0.7:51544",
            httpd::LastingAccess(policy, sessions, auth::Role::control, desk_facts(), ""),
            std::move(transport));
        net.add(connection);
        connection->start({});
    }
    ~ControlConnectionTest() override { net.stop(); }

    void ask(const std::string& text) {
        wire->receive(frame(text));
        run();
    }
    void run() {
        for (int i = 0; i < 4; ++i) loop.run_once();
    }
    std::vector<std::string> answers() { return texts(wire->take()); }
    void answer(std::size_t call, control::Decoded<std::string> result) {
        calls[call].second(std::move(result));
        run();
    }

    Current<auth::Policy> policy{desk_policy()};
    httpd::Sessions sessions{50001};
    loop::EventLoop loop{ManualClock::now};
    httpd::NetLoop net{loop};
    Current<httpd::Options> options{httpd::Options{}};
    httpd::Counters counters;
    EventLog events{Log()};
    std::vector<std::pair<control::Call, Operations::Done>> calls;
    ControlConnection::Uses uses{
        options, counters, Log(), loop, events, [this](control::Call call, Operations::Done done) {
            calls.emplace_back(std::move(call), std::move(done));
        }};
    std::shared_ptr<Wire> wire = std::make_shared<Wire>();
};

TEST_F(ControlConnectionTest, answers_a_request_when_its_result_is_there) {
    ask(R"({"jsonrpc":"2.0","id":7,"method":"cameras.get","params":{"name":"door"}})");
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].first.operation->operation, control::Operation::cameras_get);
    EXPECT_EQ(*calls[0].first.find("name"), "door");
    EXPECT_TRUE(answers().empty());
    answer(0, std::string(R"({"name":"door"})"));
    EXPECT_EQ(answers(),
              std::vector<std::string>{R"({"jsonrpc":"2.0","id":7,"result":{"name":"door"}})"});
}

TEST_F(ControlConnectionTest, answers_come_as_they_are_ready) {
    ask(R"({"jsonrpc":"2.0","id":1,"method":"server.status"})");
    ask(R"({"jsonrpc":"2.0","id":"two","method":"server.status"})");
    answer(1, std::string("{}"));
    answer(0, std::string("{}"));
    EXPECT_EQ(answers(), (std::vector<std::string>{R"({"jsonrpc":"2.0","id":"two","result":{}})",
                                                   R"({"jsonrpc":"2.0","id":1,"result":{}})"}));
}

TEST_F(ControlConnectionTest, a_batch_is_answered_whole_and_in_its_order) {
    ask(R"([{"jsonrpc":"2.0","id":1,"method":"server.status"},)"
        R"({"jsonrpc":"2.0","method":"server.status"},)"
        R"({"jsonrpc":"2.0","id":2,"method":"no.such"}])");
    ASSERT_EQ(calls.size(), 2U);
    answer(1, std::string("{}"));
    EXPECT_TRUE(answers().empty());
    answer(0, std::string("{}"));
    const auto got = answers();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_TRUE(got[0].starts_with(R"([{"jsonrpc":"2.0","id":1,"result":{}},)")) << got[0];
    EXPECT_NE(got[0].find("-32601"), std::string::npos) << got[0];
}

TEST_F(ControlConnectionTest, errors_of_every_kind_are_answers) {
    ask("{");
    ask(R"({"jsonrpc":"2.0","id":1})");
    ask(R"({"jsonrpc":"2.0","id":2,"method":"cameras.get","params":{"nam":"x"}})");
    const auto got = answers();
    ASSERT_EQ(got.size(), 3U);
    EXPECT_NE(got[0].find("-32700"), std::string::npos) << got[0];
    EXPECT_NE(got[1].find("-32600"), std::string::npos) << got[1];
    EXPECT_NE(got[2].find("nam"), std::string::npos) << got[2];
    EXPECT_TRUE(calls.empty());
    ask(R"({"jsonrpc":"2.0","id":3,"method":"server.reload"})");
    answer(0, control::ApiError{control::ErrorCode::conflict, "a mistake", "x.y"});
    EXPECT_NE(answers().at(0).find("a mistake"), std::string::npos);
    EXPECT_FALSE(wire->is_finishing);
}

TEST_F(ControlConnectionTest, a_notification_is_carried_out_and_not_answered) {
    ask(R"({"jsonrpc":"2.0","method":"server.reload"})");
    ASSERT_EQ(calls.size(), 1U);
    answer(0, std::string("{}"));
    EXPECT_TRUE(answers().empty());
}

TEST_F(ControlConnectionTest, a_notification_is_not_answered_whatever_comes_of_it) {
    for (const char* message :
         {R"({"jsonrpc":"2.0","method":"no.such"})",
          R"({"jsonrpc":"2.0","method":"cameras.get","params":{"nam":"x"}})",
          R"({"jsonrpc":"2.0","method":"events.unsubscribe"})",
          R"({"jsonrpc":"2.0","method":"events.subscribe","params":{"types":["camera.colour"]}})",
          R"({"jsonrpc":"2.0","method":"events.subscribe","params":{"type":1}})",
          R"({"jsonrpc":"2.0","method":"events.subscribe","params":{}})"}) {
        ask(message);
        EXPECT_TRUE(answers().empty()) << message;
    }
    EXPECT_TRUE(calls.empty());
    ask(R"({"jsonrpc":"2.0","method":"server.reload"})");
    answer(0, control::ApiError{control::ErrorCode::conflict, "a mistake", {}});
    EXPECT_TRUE(answers().empty());
}

TEST_F(ControlConnectionTest, too_many_requests_under_way_are_refused) {
    const std::string request = R"({"jsonrpc":"2.0","id":1,"method":"server.status"})";
    for (std::size_t i = 0; i < ControlConnection::kCallsMax; ++i) ask(request);
    EXPECT_TRUE(answers().empty());
    ask(request);
    EXPECT_NE(answers().at(0).find("too many requests under way"), std::string::npos);
    answer(0, std::string("{}"));
    answers();
    ask(request);
    EXPECT_EQ(calls.size(), ControlConnection::kCallsMax + 1);
}

TEST_F(ControlConnectionTest, tells_of_events_that_were_subscribed) {
    events.add("camera.connected", {});
    events.add("camera.ready", {{"camera", std::string("door")}});
    ask(R"({"jsonrpc":"2.0","id":1,"method":"events.subscribe","params":{"types":["camera.*"],"since":1}})");
    auto got = answers();
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(got[0], R"({"jsonrpc":"2.0","id":1,"result":{"last_id":2}})");
    EXPECT_NE(got[1].find(R"("camera":"door")"), std::string::npos) << got[1];
    events.add("session.opened", {});
    events.add("camera.ready", {});
    run();
    EXPECT_EQ(answers().size(), 1U);
    ask(R"({"jsonrpc":"2.0","id":2,"method":"events.unsubscribe"})");
    answers();
    events.add("camera.ready", {});
    run();
    EXPECT_TRUE(answers().empty());
    ask(R"({"jsonrpc":"2.0","id":3,"method":"events.subscribe","params":{"types":["camera.colour"]}})");
    EXPECT_NE(answers().at(0).find("no event is called"), std::string::npos);
}

TEST_F(ControlConnectionTest, events_that_are_not_read_are_counted) {
    ask(R"({"jsonrpc":"2.0","id":1,"method":"events.subscribe","params":{}})");
    answers();
    wire->queued = ControlConnection::kEventBytesMax + 1;
    for (int i = 0; i < 5; ++i) events.add("camera.ready", {});
    run();
    EXPECT_TRUE(answers().empty());
    wire->drain();
    run();
    EXPECT_NE(answers().at(0).find(R"("events.lost","params":{"count":5,"since":0})"),
              std::string::npos);
}

TEST_F(ControlConnectionTest, a_client_that_does_not_read_its_answers_is_closed) {
    ask(R"({"jsonrpc":"2.0","id":1,"method":"server.status"})");
    wire->queued = ControlConnection::kQueuedBytesMax + 1;
    answer(0, std::string("{}"));
    EXPECT_EQ(answers(), std::vector<std::string>{"close 1008"});
}

TEST_F(ControlConnectionTest, speaks_text_alone) {
    std::string binary = frame("x");
    binary[0] = '\x82';
    wire->receive(binary);
    run();
    EXPECT_EQ(answers(), std::vector<std::string>{"close 1003"});
}

TEST_F(ControlConnectionTest, a_client_that_left_is_told_nothing) {
    ask(R"({"jsonrpc":"2.0","id":1,"method":"server.status"})");
    ask(R"({"jsonrpc":"2.0","id":2,"method":"events.subscribe","params":{}})");
    answers();
    wire->handler->on_end("reset");
    run();
    EXPECT_EQ(net.size(), 0U);
    answer(0, std::string("{}"));
    events.add("camera.ready", {});
    run();
    EXPECT_TRUE(answers().empty());
}

TEST_F(ControlConnectionTest, a_request_after_its_token_was_revoked_is_not_carried_out) {
    policy.replace(policy_with_tokens({}));
    ask(R"({"jsonrpc":"2.0","id":1,"method":"server.reload"})");
    EXPECT_TRUE(calls.empty());
    EXPECT_EQ(answers(), std::vector<std::string>{"close 1008"});
}

TEST_F(ControlConnectionTest, no_event_is_told_after_its_token_was_revoked) {
    ask(R"({"jsonrpc":"2.0","id":1,"method":"events.subscribe"})");
    answers();
    policy.replace(policy_with_tokens({}));
    events.add("token.revoked", {{"name", std::string("desk")}});
    run();
    EXPECT_EQ(answers(), std::vector<std::string>{"close 1008"});
}

}  // namespace
}  // namespace st::api
