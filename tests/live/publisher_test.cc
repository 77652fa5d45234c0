#include "live/publisher.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "hub/fakes.h"

namespace st::live {
namespace {

using std::chrono::milliseconds;
using Texts = std::vector<std::string>;

constexpr char kPath[] = "/live/x";

class FakeTransport : public PublisherTransport {
 public:
    void accept() override { said.emplace_back("accept"); }
    void refuse(const Error& why) override {
        said.push_back("refuse " + std::to_string(why.code) + " " + why.message);
    }
    void probe() override { said.emplace_back("probe"); }
    void finish(PublisherEnd why, const std::string& reason) override {
        said.push_back("finish " + std::to_string(static_cast<int>(why)) + " " + reason);
    }
    Texts said;
};

struct Publishing {
    explicit Publishing(hub::World& its_world)
        : world(its_world),
          publisher(world.hub, world.executor, milliseconds(5'000), {}, transport) {}
    void start() { publisher.start(kPath, {"rtmp", "peer", ""}); }
    void give_input() { publisher.note_input(world.executor.now); }
    Texts said() { return std::exchange(transport.said, {}); }
    Publisher::State state() const { return publisher.state(); }

    hub::World& world;
    FakeTransport transport;
    Publisher publisher;
};

/// A key frame as FLV carries it: one IDR slice behind its length.
media::Packet bare_key(std::int64_t dts_ms) {
    media::Packet made = hub::key(dts_ms);
    const std::uint8_t units[] = {0, 0, 0, 3, 0x65, 0x88, 0x84};
    made.payload = Buffer(Bytes(units));
    return made;
}

/// The same behind its parameter sets.
media::Packet key(std::int64_t dts_ms) {
    media::Packet made = hub::key(dts_ms);
    const std::uint8_t units[] = {
        0,    0,    0,    25,   0x67, 0x42, 0xC0, 0x0C, 0xD9, 0x01, 0x41, 0x9F, 0x9F, 0x01, 0x10,
        0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xF1, 0x42, 0xA4, 0x80, 0,
        0,    0,    5,    0x68, 0xCB, 0x83, 0xCB, 0x20, 0,    0,    0,    3,    0x65, 0x88, 0x84};
    made.payload = Buffer(Bytes(units));
    return made;
}

constexpr char kTaken[] = "refuse 409 /live/x is already being published";

TEST(Publisher, gets_a_free_path_at_once) {
    hub::World world;
    Publishing one(world);
    one.start();
    EXPECT_EQ(one.said(), Texts{"accept"});
    EXPECT_EQ(one.state(), Publisher::State::publishing);
    hub::FakeViewer viewer;
    world.join(viewer);
    one.publisher.push(key(0), world.executor.now);
    world.executor.run();
    EXPECT_EQ(viewer.take(), Texts{}) << "slices of it may follow";
    world.executor.advance(200);
    EXPECT_EQ(viewer.take().size(), 3U) << "begin, header and the picture";
}

TEST(Publisher, is_refused_with_the_holders_first_sign_of_life) {
    hub::World world;
    Publishing holder(world);
    Publishing newcomer(world);
    holder.start();
    world.executor.advance(1'000);
    newcomer.start();
    world.executor.run();
    EXPECT_EQ(holder.said(), (Texts{"accept", "probe"}));
    EXPECT_EQ(newcomer.state(), Publisher::State::waiting);
    world.executor.advance(300);
    EXPECT_EQ(newcomer.said(), Texts{});
    holder.give_input();
    world.executor.run();
    EXPECT_EQ(newcomer.said(), Texts{kTaken});
    EXPECT_EQ(newcomer.state(), Publisher::State::over);
    EXPECT_EQ(holder.state(), Publisher::State::publishing);
}

TEST(Publisher, gets_the_path_as_soon_as_its_holder_leaves) {
    hub::World world;
    Publishing holder(world);
    Publishing newcomer(world);
    holder.start();
    newcomer.start();
    world.executor.advance(200);
    holder.publisher.leave("publisher left");
    world.executor.run();
    EXPECT_EQ(newcomer.said(), Texts{"accept"});
    EXPECT_EQ(world.hub.publisher_count(), 1U);
}

TEST(Publisher, replaces_a_silent_holder_when_the_time_is_over) {
    hub::World world;
    Publishing holder(world);
    Publishing newcomer(world);
    holder.start();
    newcomer.start();
    world.executor.advance(4'999);
    EXPECT_EQ(newcomer.said(), Texts{});
    world.executor.advance(1);
    EXPECT_EQ(newcomer.said(), Texts{"accept"});
    EXPECT_EQ(holder.said(), (Texts{"accept", "probe", "finish 3 replaced"}));
    EXPECT_EQ(holder.state(), Publisher::State::over);
    holder.publisher.push(key(0), world.executor.now);
    EXPECT_EQ(world.hub.streams().front().statistics.bytes(), 0U);
}

TEST(Publisher, input_from_before_the_question_is_no_sign_of_life) {
    hub::World world;
    Publishing holder(world);
    Publishing newcomer(world);
    holder.start();
    const std::int64_t before = world.executor.now;
    world.executor.advance(100);
    newcomer.start();
    world.executor.run();
    holder.publisher.note_input(before);  // read then, looked at only now
    world.executor.run();
    EXPECT_EQ(newcomer.said(), Texts{});
    EXPECT_EQ(newcomer.state(), Publisher::State::waiting);
    world.executor.advance(100);
    holder.give_input();
    world.executor.run();
    EXPECT_EQ(newcomer.said(), Texts{kTaken});
}

TEST(Publisher, of_two_that_wait_one_gets_the_path_and_the_other_a_refusal) {
    hub::World world;
    Publishing holder(world);
    Publishing second(world);
    Publishing third(world);
    holder.start();
    second.start();
    world.executor.advance(100);
    third.start();
    world.executor.advance(100);
    holder.publisher.leave("publisher left");
    world.executor.run();
    EXPECT_EQ(second.said(), (Texts{"accept", "probe"}));
    EXPECT_EQ(third.said(), Texts{kTaken});
}

TEST(Publisher, that_left_while_it_waited_replaces_nobody) {
    hub::World world;
    Publishing holder(world);
    Publishing newcomer(world);
    holder.start();
    newcomer.start();
    world.executor.advance(1'000);
    newcomer.publisher.leave("publisher left");
    world.executor.advance(60'000);
    EXPECT_EQ(newcomer.said(), Texts{});
    EXPECT_EQ(holder.said(), (Texts{"accept", "probe"}));
    EXPECT_EQ(holder.state(), Publisher::State::publishing);
}

TEST(Publisher, that_is_destroyed_while_it_waits_is_told_nothing) {
    hub::World world;
    Publishing holder(world);
    holder.start();
    {
        Publishing newcomer(world);
        newcomer.start();
        holder.publisher.leave("publisher left");  // the message is on its way
    }
    world.executor.advance(60'000);
    EXPECT_EQ(world.hub.publisher_count(), 0U);
}

TEST(Publisher, over_the_limit_of_publishers_is_refused_at_once) {
    hub::Options options;
    options.publishers_max = 1;
    hub::World world(options);
    hub::Publication other = world.publish("/live/other");
    Publishing one(world);
    one.start();
    EXPECT_EQ(one.said(), Texts{"refuse 503 limits.publishers reached (1)"});
}

TEST(Publisher, that_is_kicked_is_told_so_and_pushes_nothing_more) {
    hub::World world;
    Publishing one(world);
    one.start();
    EXPECT_TRUE(world.hub.kick_publisher(kPath, "kim@desk"));
    world.executor.run();
    EXPECT_EQ(one.said(), (Texts{"accept", "finish 4 kicked by kim@desk"}));
    const auto* gone = std::get_if<hub::Unpublished>(&world.events.back());
    ASSERT_NE(gone, nullptr);
    EXPECT_EQ(gone->by, "kim@desk");
    EXPECT_EQ(world.hub.publisher_count(), 0U);
}

TEST(Publisher, is_told_of_the_shutdown_in_each_state_and_once) {
    hub::World world;
    Publishing holder(world);
    Publishing newcomer(world);
    holder.start();
    newcomer.start();
    holder.said();
    for (Publishing* one : {&newcomer, &holder}) {
        one->publisher.shut_down();
        one->publisher.shut_down();
    }
    world.executor.advance(60'000);
    EXPECT_EQ(newcomer.said(), Texts{"refuse 503 the server is shutting down"});
    EXPECT_EQ(holder.said(), Texts{"finish 5 the server is shutting down"});
    EXPECT_EQ(world.hub.publisher_count(), 0U);
}

TEST(Publisher, that_ends_in_order_says_why_in_the_event) {
    hub::World world;
    Publishing one(world);
    one.start();
    one.publisher.end(PublisherEnd::done, "publisher left");
    EXPECT_EQ(one.said(), (Texts{"accept", "finish 0 publisher left"}));
    const auto* gone = std::get_if<hub::Unpublished>(&world.events.back());
    ASSERT_NE(gone, nullptr);
    EXPECT_EQ(gone->reason, "publisher left");
}

TEST(Publisher, says_at_once_and_in_the_end_what_could_not_be_used) {
    struct Lines final : LogSink {
        bool enabled(LogLevel) const override { return true; }
        void write(LogLevel, std::string_view, std::string_view text) override {
            lines.emplace_back(text);
        }
        Texts lines;
    };
    const auto lines = std::make_shared<Lines>();
    hub::World world;
    FakeTransport transport;
    Publisher publisher(world.hub, world.executor, milliseconds(5'000), Log(lines), transport);
    publisher.start(kPath, {"rtmp", "peer", ""});
    publisher.note_unusable("one");
    EXPECT_EQ(lines->lines, Texts{"a packet cannot be used: one"});
    publisher.note_unusable("two");
    publisher.leave("publisher left");
    EXPECT_EQ(lines->lines,
              (Texts{"a packet cannot be used: one", "2 packets could not be used: two"}));
}

TEST(Publisher, returns_to_the_viewers_it_left) {
    hub::World world;
    Publishing first(world);
    first.start();
    hub::FakeViewer viewer;
    world.join(viewer);
    first.publisher.push(key(0), world.executor.now);
    first.publisher.leave("publisher left");
    world.executor.run();
    EXPECT_EQ(viewer.take().size(), 3U) << "begin, header and the picture that was held";
    Publishing again(world);
    again.start();
    again.publisher.push(key(0), world.executor.now);
    world.executor.advance(200);
    EXPECT_EQ(viewer.take().size(), 2U);
}

TEST(Publisher, is_ended_when_nobody_can_ever_decode_what_it_sends) {
    hub::World world;
    Publishing one(world);
    one.start();
    one.said();
    one.publisher.push(bare_key(0), world.executor.now);
    one.publisher.push(bare_key(1'000), world.executor.now);
    EXPECT_EQ(one.said(), Texts{}) << "the next one may have parameter sets";
    EXPECT_EQ(world.hub.streams().at(0).unusable_why, "H.264: pictures without SPS and PPS");
    one.publisher.push(bare_key(6'000), world.executor.now);
    EXPECT_EQ(one.said(), Texts{"finish 1 H.264: pictures without SPS and PPS"});
    const auto streams = [&] { return world.hub.streams(world.executor.now); };
    ASSERT_EQ(streams().size(), 1U) << "for whoever asks what became of it";
    EXPECT_TRUE(streams().at(0).is_refused);
    EXPECT_EQ(streams().at(0).unusable_why, "H.264: pictures without SPS and PPS");
    {
        Publishing again(world);
        again.start();
        EXPECT_FALSE(streams().at(0).is_refused);
    }
    EXPECT_TRUE(streams().empty());
    world.hub.note_refused("/live/y", {"rtmp", "peer", ""}, "no", world.executor.now);
    EXPECT_EQ(streams().size(), 1U);
    world.executor.advance(61'000);
    EXPECT_TRUE(streams().empty());
}

TEST(Publisher, holds_nothing_until_somebody_elsewhere_has_allowed_it) {
    for (const bool is_allowed : {true, false}) {
        hub::World world;
        Publishing one(world);
        std::optional<auth::Question> asked;
        auth::Decided answer;
        one.publisher.start(kPath, {"rtmp", "peer", "key=1"},
                            [&](const auth::Question& what, auth::Decided done) {
                                asked = what;
                                answer = std::move(done);
                                return true;
                            });
        ASSERT_TRUE(asked && asked->is_publish);
        EXPECT_EQ(asked->query, "key=1");
        EXPECT_EQ(one.said(), Texts{});
        EXPECT_EQ(world.hub.publisher_count(), 0U);
        answer(is_allowed ? Result<void>() : Result<void>(Error{"not allowed", 403}));
        world.executor.run();
        EXPECT_EQ(one.said(), Texts{is_allowed ? "accept" : "refuse 403 not allowed"});
        EXPECT_EQ(world.hub.publisher_count(), is_allowed ? 1U : 0U);
    }
}

TEST(Publisher, that_left_before_the_answer_gets_none) {
    hub::World world;
    auth::Decided answer;
    const auth::Decide ask = [&](const auth::Question&, auth::Decided done) {
        answer = std::move(done);
        return true;
    };
    {
        Publishing one(world);
        one.publisher.start(kPath, {"rtmp", "peer", ""}, ask);
        one.publisher.leave("peer left");
        answer({});
        world.executor.run();
        EXPECT_EQ(one.said(), Texts{});
        one.publisher.start(kPath, {"rtmp", "peer", ""}, ask);
    }
    answer({});  // the publisher is no more
    world.executor.run();
    EXPECT_EQ(world.hub.publisher_count(), 0U);
}

}  // namespace
}  // namespace st::live
