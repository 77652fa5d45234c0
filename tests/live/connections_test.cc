#include <gtest/gtest.h>

#include "live/connections_world.h"
#include "ws/encode.h"

namespace st::live {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Wires = std::vector<std::shared_ptr<httpd::Wire>>;

constexpr std::size_t kMb = std::size_t{1} << 20;

/// FLV header and the header of a video tag of 7.5 MiB.
std::string half_tag() {
    return std::string("FLV\x01\x05\0\0\0\x09\0\0\0\0", 13) + std::string("\x09\x78\0\0", 4) +
           std::string(7, '\0');
}

/// A chunk of a video message of 7 MiB, as long as the whole of it.
std::string half_message() {
    return std::string("\x02\0\0\0\0\0\x04\x01\0\0\0\0\0\xFF\xFF\xFF", 16) +
           std::string("\x06\0\0\0\x70\0\0\x09\x01\0\0\0", 12);
}

/// As much as is read of so many bytes.
void pour(httpd::Wire& wire, std::size_t bytes) {
    constexpr std::size_t kPiece = 64 * 1024;
    std::size_t sent = 0;
    while (sent < bytes && wire.is_reading) {
        wire.receive(std::string(kPiece, 'x'));
        sent += kPiece;
    }
    wire.waiting = bytes - sent;
}

class LiveMemoryTest : public ::testing::Test, protected ConnectionsWorld {
 protected:
    LiveMemoryTest() { counters.memory.set_limit(64 * kMb); }
};

TEST_F(LiveMemoryTest, half_tags_of_many_publishers_stay_within_the_budget) {
    Wires wires;
    for (int i = 0; i < 100; ++i) {
        wires.push_back(http_publisher("/live/p" + std::to_string(i)));
        wires.back()->receive(half_tag());
        pour(*wires.back(), 7 * kMb);
    }
    EXPECT_GT(counters.memory.total(), 16 * kMb);
    EXPECT_LT(counters.memory.total(), 64 * kMb);
    EXPECT_EQ(live.hub().publisher_count(), 100U) << "stopped, not ended";
    const auto small = http_publisher("/live/small");
    small->receive(half_tag().substr(0, 13));
    EXPECT_TRUE(small->is_reading);
}

TEST_F(LiveMemoryTest, half_messages_of_many_rtmp_publishers_stay_within_the_budget) {
    Wires wires;
    for (int i = 0; i < 100; ++i) {
        wires.push_back(rtmp_publisher("p" + std::to_string(i)));
        wires.back()->receive(half_message());
        pour(*wires.back(), 6 * kMb);
    }
    EXPECT_GT(counters.memory.total(), 16 * kMb);
    EXPECT_LT(counters.memory.total(), 64 * kMb);
    EXPECT_EQ(live.hub().publisher_count(), 100U);
}

TEST_F(LiveMemoryTest, before_connect_rtmp_takes_no_message_of_the_size_of_media) {
    const auto wire = rtmp();
    wire->receive(half_message());
    EXPECT_TRUE(wire->is_finishing);
    EXPECT_EQ(counters.memory.total(), 0U);
}

TEST_F(LiveMemoryTest, half_a_tag_that_trickles_is_ended_in_all_protocols) {
    const auto fill = http_publisher("/live/fill");
    fill->receive(half_tag());
    pour(*fill, 7 * kMb);
    const auto http = http_publisher("/live/a");
    http->receive(half_tag());
    pour(*http, 2 * kMb);
    const auto rtmp = rtmp_publisher("b");
    rtmp->receive(half_message());
    pour(*rtmp, 2 * kMb);
    // In whole messages of its own, of a tag that is not.
    const auto ws = ws_publisher("/live/c");
    const auto message = [&](const std::string& payload) {
        const auto head = ws::encode_header(ws::Opcode::binary, payload.size());
        std::string frame(reinterpret_cast<const char*>(head.data.data()), head.size);
        frame[1] = static_cast<char>(frame[1] | 0x80);  // masked, with zeros
        ws->receive(frame + std::string(4, '\0') + payload);
    };
    message(half_tag());
    for (int i = 0; i < 32; ++i) message(std::string(60'000, 'x'));
    counters.memory.set_limit(4 * kMb);
    for (int i = 0; i < 2; ++i) {
        http->receive("x");
        rtmp->receive("x");
        message("x");
        for (const auto& wire : {fill, http, rtmp, ws}) wire->waiting = 10;
        advance(httpd::kGrowthTime + milliseconds(200));
    }
    EXPECT_TRUE(http->is_finishing);
    EXPECT_NE(http->sent.find("408"), std::string::npos);
    EXPECT_TRUE(rtmp->is_finishing);
    EXPECT_TRUE(ws->is_finishing);
    EXPECT_NE(ws->sent.find("slow"), std::string::npos);
}

TEST_F(LiveMemoryTest, a_publisher_that_left_while_it_was_not_read_is_noticed_at_once) {
    const auto http = http_publisher("/live/a");
    http->receive(half_tag());
    const auto rtmp = rtmp_publisher("b");
    rtmp->receive(half_message());
    pour(*http, 7 * kMb);
    pour(*rtmp, 6 * kMb);
    counters.memory.set_limit(4 * kMb);
    http->receive("x");
    rtmp->receive("x");
    ASSERT_FALSE(http->is_reading || rtmp->is_reading);
    for (const auto& wire : {http, rtmp}) {
        wire->waiting = 1'000;
        wire->handler->on_hang_up(false);
    }
    loop.run_once();
    EXPECT_TRUE(http->is_closed && rtmp->is_closed);
    EXPECT_EQ(live.hub().publisher_count(), 0U);
    EXPECT_EQ(counters.memory.total(), 0U);
}

TEST(LiveConnections, who_guesses_tokens_over_rtmp_waits_for_the_answers) {
    ConnectionsWorld world;
    auth::Policy policy;
    policy.of(auth::Role::play).mode = policy.of(auth::Role::publish).mode = auth::Mode::token;
    world.policy.replace(policy);
    const auto guess = [&](std::uint32_t times) {
        const auto wire = world.rtmp();
        world.connect(*wire);
        wire->take();
        for (std::uint32_t i = 1; i <= times; ++i) {
            world.command(*wire, i, "play", 3.0, flv::AmfNull{},
                          "x?token=guess" + std::to_string(i));
        }
        return wire;
    };
    for (std::uint32_t i = 0; i < auth::WrongTokens::kAtOnce; ++i) {
        EXPECT_TRUE(guess(1)->is_finishing) << "somebody mistypes";
    }
    const auto guesser = guess(5);
    EXPECT_FALSE(guesser->is_finishing);
    EXPECT_EQ(guesser->sent.find("Play.Failed"), std::string::npos);
    world.advance(auth::WrongTokens::kDelayMax);
    EXPECT_TRUE(guesser->is_finishing);
    EXPECT_NE(guesser->sent.find("Play.Failed"), std::string::npos);
    // Those behind the first were not looked at: the next one of this address is its fifth.
    auth::WrongTokens same;
    std::chrono::milliseconds fifth{0};
    for (std::uint32_t i = 0; i < auth::WrongTokens::kAtOnce + 2; ++i) {
        fifth = same.add(*auth::parse_address("10.0.0.7"), 0).delay;
    }
    EXPECT_EQ(world.wrong_tokens.add(*auth::parse_address("10.0.0.7")), fifth);
}

TEST(LiveConnections, who_asks_on_while_an_answer_waits_over_rtmp_is_closed) {
    ConnectionsWorld world;
    auth::Policy policy;
    policy.of(auth::Role::play).mode = policy.of(auth::Role::publish).mode = auth::Mode::token;
    world.policy.replace(policy);
    for (std::uint32_t i = 0; i < auth::WrongTokens::kAtOnce; ++i) {
        world.wrong_tokens.add(*auth::parse_address("10.0.0.7"));
    }
    const auto wire = world.rtmp();
    world.connect(*wire);
    for (std::uint32_t i = 0; i < 16; ++i) {
        world.command(*wire, 1 + i % 5, "play", 3.0, flv::AmfNull{}, "x?token=guess");
        EXPECT_FALSE(wire->is_finishing) << i;
    }
    world.command(*wire, 1, "play", 3.0, flv::AmfNull{}, "x?token=guess");
    EXPECT_TRUE(wire->is_finishing);
}

TEST(LiveConnections, a_viewer_that_leaves_before_its_answer_is_noticed_whatever_it_sent) {
    ConnectionsWorld world;
    const auto wire = world.ws_viewer();
    ASSERT_EQ(world.live.hub().find(ConnectionsWorld::kPath)->viewers(), 1U);
    wire->receive(std::string(8 * 1024, 'x'));
    wire->handler->on_hang_up(false);
    world.loop.run_once();
    EXPECT_EQ(world.net.size(), 0U);
    EXPECT_EQ(world.live.hub().find(ConnectionsWorld::kPath), nullptr);
}

/// A source of FLV that is there 15 s after its first viewer came; live.wait is 10 s.
TEST(LiveConnections, viewers_of_a_source_stay_until_it_is_there) {
    ConnectionsWorld world;
    bool has_failed = false;
    world.live.is_source = [](const std::string&) { return true; };
    world.live.is_coming = [&](const std::string&) { return !has_failed; };
    const auto http = world.http_viewer();
    const auto half_closed = world.http_viewer(true);
    const auto ws = world.ws_viewer();
    const auto rtmp = world.rtmp_viewer();
    world.advance(seconds(15));
    struct NoPublisher final : hub::Publisher {
        void probe() override {}
        void replaced() override {}
        void kicked(const std::string&) override {}
    };
    auto publication =
        world.live.hub().publish(world.kPath, std::make_shared<NoPublisher>(), {"source", "", ""},
                                 hub::Clock::bits_32, world.loop.now_ns());
    ASSERT_TRUE(publication);
    media::Packet picture;
    picture.is_key = true;
    picture.payload = Buffer(as_bytes("\1\2\3\4picture"));
    publication->push(std::move(picture), world.loop.now_ns());
    world.loop.run_once();
    for (const auto& wire : {http, half_closed, ws, rtmp}) {
        EXPECT_NE(wire->sent.find("picture"), std::string::npos);
        EXPECT_FALSE(wire->is_finishing);
    }
}

TEST(LiveConnections, viewers_of_a_source_that_failed_are_refused) {
    ConnectionsWorld world;
    bool has_failed = false;
    world.live.is_coming = [&](const std::string&) { return !has_failed; };
    const auto http = world.http_viewer();
    const auto rtmp = world.rtmp_viewer();
    world.advance(seconds(15));
    has_failed = true;
    world.advance(seconds(10));
    EXPECT_NE(http->sent.find("404"), std::string::npos);
    EXPECT_NE(rtmp->sent.find("StreamNotFound"), std::string::npos);
}

TEST_F(LiveMemoryTest, tags_that_are_left_out_are_told) {
    const auto wire = http_publisher(kPath);
    // An encrypted tag of video without a byte, and a tag of type 7 with one.
    wire->receive(half_tag().substr(0, 13) + std::string("\x29\0\0\0\0\0\0\0\0\0\0\0\0\0\x0B", 15) +
                  std::string("\x07\0\0\x01\0\0\0\0\0\0\0x\0\0\0\x0C", 16));
    const auto status = live.hub().find(kPath)->status();
    EXPECT_EQ(status.unusable, 2U);
    EXPECT_EQ(status.unusable_why, "flv: a tag that is encrypted, or of no known type");
}

}  // namespace
}  // namespace st::live
