#include "httpd/websocket.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "httpd/fake_transport.h"
#include "ws/encode.h"

namespace st::httpd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMb = std::size_t{1} << 20;

class Owner final : public WebSocketHandler {
 public:
    void on_binary(Buffer message) override { sizes.push_back(message.size()); }
    void on_text(const std::string& text) override { texts.push_back(text); }
    void on_over(std::uint16_t code, const std::string& reason) override {
        over = std::to_string(code) + " " + reason;
    }
    void on_gone() override { is_gone = true; }

    std::vector<std::size_t> sizes;
    std::vector<std::string> texts;
    std::string over;
    bool is_gone = false;
};

/// One client with its wire; time and memory are the test's.
struct Client {
    Client(loop::EventLoop& loop, Counters& counters, const std::string& pending = {})
        : wire(std::make_shared<Wire>()),
          socket(std::make_unique<FakeTransport>(loop, wire), ws::Limits{16 * kMb, 64 * 1024},
                 WebSocket::Times{seconds(20), seconds(20)}, counters, Log(), owner) {
        socket.start(as_bytes(pending));
    }
    /// The header of a binary message of so many bytes, masked with zeros.
    void begin(std::uint64_t bytes) {
        std::string head("\x82\xFF", 2);
        for (int shift = 56; shift >= 0; shift -= 8) head += static_cast<char>(bytes >> shift);
        wire->receive(head + std::string(4, '\0'));
    }
    /// Sends up to `bytes`, as long as it is read, in pieces of 64 KiB. Returns how many.
    std::size_t send(std::size_t bytes) {
        constexpr std::size_t kPiece = 64 * 1024;
        std::size_t sent = 0;
        while (sent < bytes && wire->is_reading) {
            const std::size_t piece = std::min(kPiece, bytes - sent);
            wire->receive(std::string(piece, 'x'));
            sent += piece;
        }
        wire->waiting = std::min<std::size_t>(bytes - sent, 128 * 1024);
        return sent;
    }

    std::shared_ptr<Wire> wire;
    Owner owner;
    WebSocket socket;
};

class WebSocketMemoryTest : public ::testing::Test {
 protected:
    WebSocketMemoryTest() { counters.memory.set_limit(64 * kMb); }
    std::unique_ptr<Client> client() { return std::make_unique<Client>(loop, counters); }
    void advance(milliseconds by) { ManualClock::advance(loop, by); }

    loop::EventLoop loop{ManualClock::now};
    Counters counters;
};

TEST_F(WebSocketMemoryTest, half_messages_of_many_stay_within_the_budget) {
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 150; ++i) {
        clients.push_back(client());
        clients.back()->begin(16 * kMb);
        clients.back()->send(15 * kMb);
    }
    EXPECT_LE(counters.memory.total(), 64 * kMb);
    EXPECT_EQ(clients.front()->owner.over, "") << "stopped, not closed";
}

TEST_F(WebSocketMemoryTest, what_came_half_behind_the_upgrade_is_counted) {
    const std::string head("\x82\xFF\0\0\0\0\0\x10\0\0\0\0\0\0", 14);  // 1 MiB, masked
    const std::string begun = head + std::string(250'000, 'x');
    auto one = std::make_unique<Client>(loop, counters, begun);
    EXPECT_GE(counters.memory.total(), 250'000U);
    one.reset();
    EXPECT_EQ(counters.memory.total(), 0U);
    MemoryBudget::Holder others(counters.memory, [] {});
    others.set(60 * kMb);
    std::vector<std::unique_ptr<Client>> many;
    for (int i = 0; i < 100; ++i) many.push_back(std::make_unique<Client>(loop, counters, begun));
    EXPECT_LE(std::ranges::count_if(many, [](const auto& c) { return c->wire->is_reading; }), 20)
        << "all but a few are stopped before they send more";
}

TEST_F(WebSocketMemoryTest, a_camera_below_its_share_goes_on_meanwhile) {
    std::vector<std::unique_ptr<Client>> hogs;
    for (int i = 0; i < 20; ++i) {
        hogs.push_back(client());
        hogs.back()->begin(16 * kMb);
        hogs.back()->send(15 * kMb);
    }
    ASSERT_TRUE(counters.memory.is_short());
    const auto camera = client();
    for (int i = 0; i < 100; ++i) {
        camera->begin(100'000);
        ASSERT_EQ(camera->send(100'000), 100'000U);
    }
    EXPECT_EQ(camera->owner.sizes, std::vector<std::size_t>(100, 100'000));
}

TEST_F(WebSocketMemoryTest, one_that_trickles_is_closed_and_the_others_go_on) {
    const auto trickler = client();
    trickler->begin(16 * kMb);
    trickler->send(15 * kMb);
    counters.memory.set_limit(10 * kMb);
    trickler->wire->receive("x");
    trickler->wire->waiting = 10;
    advance(kGrowthTime + milliseconds(200));
    EXPECT_EQ(trickler->owner.over, "1008 message too slow while memory is short");
    EXPECT_EQ(counters.memory.total(), 0U) << "given back at once, before the peer has read why";
}

TEST_F(WebSocketMemoryTest, one_that_delivered_the_small_rest_of_its_message_is_not_closed) {
    const auto one = client();
    one->begin(2 * kMb);
    one->send(2 * kMb - 1'000);
    MemoryBudget::Holder others(counters.memory, [] {});
    others.set(60 * kMb);
    one->wire->receive("x");
    ASSERT_FALSE(one->wire->is_reading);
    const auto nobody = std::make_shared<const std::function<void()>>([] {});
    ASSERT_TRUE(counters.memory.take_turn(nobody)) << "another's, for long";
    one->wire->waiting = 999;
    advance(5 * kGrowthTime);
    EXPECT_EQ(one->owner.over, "");
    counters.memory.give_turn_back();
    loop.run_once();
    EXPECT_TRUE(one->wire->is_reading) << "it is its turn now";
    one->wire->receive(std::string(999, 'x'));
    EXPECT_EQ(one->owner.sizes, std::vector<std::size_t>{2 * kMb});
}

TEST_F(WebSocketMemoryTest, a_turn_passes_from_one_that_left_to_the_next_at_once) {
    // Each closed its socket while its own kernel still had bytes for us: nothing shows until they
    // are read.
    counters.memory.set_limit(64 * kMb);
    std::vector<std::unique_ptr<Client>> hogs;
    for (int i = 0; i < 8; ++i) {
        hogs.push_back(client());
        hogs.back()->begin(16 * kMb);
        hogs.back()->send(8 * kMb);
    }
    MemoryBudget::Holder others(counters.memory, [] {});
    others.set(60 * kMb);
    for (const auto& hog : hogs) {
        if (hog->wire->is_reading) hog->wire->receive("x");
        ASSERT_FALSE(hog->wire->is_reading);
        hog->wire->waiting = 100'000;
    }
    advance(kGrowthTime + milliseconds(200));
    for (std::size_t left = hogs.size(); left > 0; --left) {
        const auto turn = std::ranges::find_if(
            hogs, [](const auto& hog) { return !hog->owner.is_gone && hog->wire->is_reading; });
        ASSERT_NE(turn, hogs.end()) << left;
        (*turn)->wire->receive(std::string(1'000, 'x'));
        (*turn)->wire->handler->on_end({});
        loop.run_once();
    }
}

TEST_F(WebSocketMemoryTest, the_time_in_which_a_message_must_grow_begins_when_it_is_read) {
    const auto one = client();
    one->begin(16 * kMb);
    one->send(2 * kMb);
    auto others = std::make_unique<MemoryBudget::Holder>(counters.memory, [] {});
    others->set(60 * kMb);
    one->wire->receive("x");
    ASSERT_FALSE(one->wire->is_reading);
    advance(kGrowthTime - seconds(1));
    MemoryBudget::Holder waits(counters.memory, [] {});
    others.reset();
    EXPECT_FALSE(waits.set(100 * kMb)) << "so that memory is short still";
    waits.set(30 * kMb);
    waits.set(50 * kMb);
    advance(seconds(2));
    EXPECT_EQ(one->owner.over, "");
}

TEST_F(WebSocketMemoryTest, one_that_left_while_it_was_not_read_is_noticed_at_once) {
    counters.memory.set_limit(10 * kMb);
    const auto one = client();
    one->begin(16 * kMb);
    one->send(15 * kMb);
    ASSERT_FALSE(one->wire->is_reading);
    one->wire->handler->on_hang_up(false);
    EXPECT_TRUE(one->owner.is_gone);
    EXPECT_EQ(one->owner.over, "1006 ");
    EXPECT_EQ(counters.memory.total(), 0U);
}

TEST_F(WebSocketMemoryTest, what_a_camera_sent_before_it_left_is_read_if_that_makes_it_whole) {
    const auto one = client();
    one->begin(2 * kMb);
    one->send(2 * kMb - 100'000);
    MemoryBudget::Holder others(counters.memory, [] {});
    others.set(60 * kMb);
    one->wire->receive("x");
    ASSERT_FALSE(one->wire->is_reading);
    one->wire->waiting = 99'999;
    one->wire->handler->on_hang_up(false);
    ASSERT_TRUE(one->wire->is_reading);
    one->wire->receive(std::string(50'000, 'x'));
    EXPECT_TRUE(one->wire->is_reading) << "to its end, however short memory is";
    one->wire->receive(std::string(49'999, 'x'));
    EXPECT_EQ(one->owner.sizes, std::vector<std::size_t>{2 * kMb});
}

TEST_F(WebSocketMemoryTest, what_its_owner_keeps_counts_and_is_given_back) {
    const auto one = client();
    one->socket.hold({.whole = 8 * kMb});
    EXPECT_EQ(counters.memory.total(), 8 * kMb);
    EXPECT_TRUE(one->wire->is_reading);
    one->socket.hold({.whole = 40 * kMb});
    EXPECT_FALSE(one->wire->is_reading);
    advance(5 * kGrowthTime);
    EXPECT_EQ(one->owner.over, "") << "it can do nothing about it";
    one->socket.hold({});
    EXPECT_TRUE(one->wire->is_reading);
    EXPECT_EQ(counters.memory.total(), 0U);
}

TEST_F(WebSocketMemoryTest, nobody_is_closed_while_there_is_room) {
    counters.memory.set_limit(128 * kMb);
    const auto slow = client();
    slow->begin(16 * kMb);
    slow->send(15 * kMb);
    for (int i = 0; i < 60; ++i) {
        advance(seconds(1));
        slow->wire->receive("x");
    }
    EXPECT_EQ(slow->owner.over, "");
}

TEST_F(WebSocketMemoryTest, large_messages_of_the_willing_are_finished_one_after_the_other) {
    counters.memory.set_limit(20 * kMb);
    std::vector<std::unique_ptr<Client>> clients;
    std::vector<std::size_t> left(4, 16 * kMb);
    for (std::size_t i = 0; i < 4; ++i) {
        clients.push_back(client());
        clients.back()->begin(16 * kMb);
    }
    for (int round = 0; round < 100; ++round) {
        for (std::size_t i = 0; i < 4; ++i) left[i] -= clients[i]->send(left[i]);
        advance(seconds(1));
    }
    for (const auto& one : clients) {
        // Whoever was done early has been silent since, and answered no ping.
        EXPECT_NE(one->owner.over, "1008 message too slow while memory is short");
        EXPECT_EQ(one->owner.sizes, std::vector<std::size_t>{16 * kMb});
    }
    EXPECT_EQ(counters.memory.total(), 0U);
}

TEST_F(WebSocketMemoryTest, who_leaves_gives_back_what_was_held_and_wakes_others) {
    counters.memory.set_limit(10 * kMb);
    auto first = client();
    first->begin(16 * kMb);
    first->send(15 * kMb);
    auto second = client();
    second->begin(16 * kMb);
    second->send(15 * kMb);
    ASSERT_FALSE(second->wire->is_reading);
    first->wire->handler->on_end("reset");
    first.reset();
    loop.run_once();
    EXPECT_TRUE(second->wire->is_reading);
}

TEST_F(WebSocketMemoryTest, an_owner_that_pauses_stays_paused_when_there_is_room_again) {
    counters.memory.set_limit(10 * kMb);
    const auto one = client();
    one->begin(16 * kMb);
    one->send(15 * kMb);
    ASSERT_FALSE(one->wire->is_reading);
    one->socket.pause_reading();
    counters.memory.set_limit(100 * kMb);
    loop.run_once();
    EXPECT_FALSE(one->wire->is_reading);
    one->socket.resume_reading();
    EXPECT_TRUE(one->wire->is_reading);
}

class WebSocketTest : public WebSocketMemoryTest {};

TEST_F(WebSocketTest, pings_the_silent_and_closes_who_does_not_answer) {
    const auto one = client();
    advance(seconds(21));
    EXPECT_EQ(one->wire->take(), std::string(as_text(ws::encode_ping("idle").bytes())));
    advance(seconds(21));
    EXPECT_EQ(one->owner.over, "1001 no answer to ping");
    EXPECT_TRUE(one->wire->is_finishing);
}

TEST_F(WebSocketTest, a_violation_is_counted_and_closed_with_its_code) {
    const auto one = client();
    one->wire->receive(std::string("\x82\x01x", 3));  // not masked
    EXPECT_EQ(counters.websocket_violations_total, 1U);
    EXPECT_TRUE(one->owner.over.starts_with("1002 ")) << one->owner.over;
    one->wire->handler->on_end("");
    EXPECT_TRUE(one->owner.is_gone);
}

}  // namespace
}  // namespace st::httpd
