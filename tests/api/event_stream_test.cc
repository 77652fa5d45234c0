#include "api/event_stream.h"

#include <gtest/gtest.h>

#include "api/desk_access.h"
#include "httpd/fake_transport.h"

namespace st::api {
namespace {

using httpd::FakeTransport;
using httpd::ManualClock;
using httpd::Wire;

class EventStreamTest : public ::testing::Test {
 protected:
    ~EventStreamTest() override { net.stop(); }

    void start() {
        auto made = std::make_shared<EventStream>(
            EventStream::Uses{loop, events}, net, httpd::Admission::Ticket(),
            httpd::LastingAccess(policy, sessions, auth::Role::control, desk_facts(), ""),
            std::make_unique<FakeTransport>(loop, wire));
        stream = made;
        net.add(made);
        made->start({});
        made.reset();
        run();
    }
    void run() {
        for (int i = 0; i < 4; ++i) loop.run_once();
    }
    void revoke() { policy.replace(policy_with_tokens({})); }
    /// Ids are given in order: how many subscriptions there were so far.
    std::uint64_t subscriptions() {
        const auto probe = events.subscribe({{}, [](auto, const auto&, const auto&) {}}, {});
        events.unsubscribe(probe);
        return probe - 1 - probes++;
    }

    Current<auth::Policy> policy{desk_policy()};
    httpd::Sessions sessions{50001};
    loop::EventLoop loop{ManualClock::now};
    httpd::NetLoop net{loop};
    EventLog events{Log()};
    std::shared_ptr<Wire> wire = std::make_shared<Wire>();
    std::weak_ptr<EventStream> stream;
    std::uint64_t probes = 0;
};

TEST_F(EventStreamTest, tells_what_happens_and_that_it_is_there) {
    start();
    EXPECT_EQ(subscriptions(), 1U);
    EXPECT_TRUE(wire->take().starts_with("HTTP/1.1 200 OK\r\n"));
    events.add("camera.ready", {});
    run();
    EXPECT_TRUE(wire->take().starts_with("id: 1\nevent: camera.ready\ndata: {"));
    ManualClock::advance(loop, EventStream::kHeartbeat);
    EXPECT_EQ(wire->take(), ":\n\n");
    ManualClock::advance(loop, EventStream::kHeartbeat);
    EXPECT_EQ(wire->take(), ":\n\n");
}

TEST_F(EventStreamTest, whose_right_ended_before_it_began_leaves_nothing_behind) {
    revoke();
    start();
    EXPECT_TRUE(wire->is_closed);
    EXPECT_EQ(wire->take(), "");
    EXPECT_EQ(net.size(), 0U);
    EXPECT_TRUE(stream.expired());
    EXPECT_EQ(subscriptions(), 0U);
    ManualClock::advance(loop, 2 * EventStream::kHeartbeat);  // no timer of it is left
    events.add("camera.ready", {});
    run();
    EXPECT_EQ(wire->take(), "");
}

TEST_F(EventStreamTest, whose_right_ends_is_closed_with_the_next_event) {
    start();
    wire->take();
    revoke();
    events.add("camera.ready", {});
    run();
    EXPECT_TRUE(wire->is_closed);
    EXPECT_EQ(wire->take(), "");
    EXPECT_TRUE(stream.expired());
    ManualClock::advance(loop, 2 * EventStream::kHeartbeat);
}

TEST_F(EventStreamTest, that_is_destroyed_with_its_loop_takes_its_timer_with_it) {
    start();
    wire->take();
    net.stop();
    EXPECT_TRUE(stream.expired());
    ManualClock::advance(loop, 2 * EventStream::kHeartbeat);
    EXPECT_EQ(wire->take(), "");
}

}  // namespace
}  // namespace st::api
