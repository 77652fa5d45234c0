#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/fakes.h"

namespace st::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A stream with a viewer that is four packets behind, of which two are in its socket.
struct Behind : World {
    explicit Behind(Options options = small_queue()) : World(options) {
        publication = publish();
        join(viewer);
        push(publication, key(0));
        viewer.takes = false;
        push(publication, delta(40));
        viewer.queued += 1;
        push(publication, delta(80));
        push(publication, delta(120));
        viewer.take();
    }
    void end() {
        publication.end("bye");
        hub.give_up("/live/x", publication.number());
        executor.run();
    }
    Publication publication;
    FakeViewer viewer;
};

TEST(EndOfStream, comes_after_what_waits_for_a_slow_viewer) {
    Behind world;
    world.end();
    EXPECT_THAT(world.viewer.take(), IsEmpty());
    world.viewer.sip(world.executor.now);
    world.executor.run();
    EXPECT_THAT(world.viewer.take(), ElementsAre("Av@80:p", "Av@120:p"));
    EXPECT_TRUE(world.viewer.subscription);
    world.viewer.sip(world.executor.now);
    world.executor.run();
    EXPECT_THAT(world.viewer.take(), ElementsAre("end: stream ended"));
    EXPECT_EQ(std::get<Left>(world.events.back()).dropped, 0U);
    EXPECT_EQ(std::get<Left>(world.events.back()).reason, "stream ended");
    EXPECT_EQ(world.hub.find("/live/x"), nullptr);
}

TEST(EndOfStream, counts_what_a_viewer_does_not_take_in_time) {
    Behind world;
    world.end();
    world.executor.advance(1'100);
    EXPECT_EQ(world.hub.viewers().at(0)->dropped, 2U) << "older than it may be";
    world.executor.advance(5'000);
    EXPECT_THAT(world.viewer.take(), ElementsAre("end: the viewer has stopped reading"));
    EXPECT_EQ(std::get<Left>(world.events.back()).dropped, 2U);
}

TEST(EndOfStream, counts_what_a_stuck_viewer_leaves) {
    Options options = small_queue();
    options.queue.age = std::chrono::milliseconds(60'000);
    Behind world(options);
    world.end();
    world.executor.advance(6'000);
    EXPECT_THAT(world.viewer.take(), ElementsAre("end: the viewer has stopped reading"));
    EXPECT_EQ(std::get<Left>(world.events.back()).dropped, 2U);
}

TEST(EndOfStream, is_the_end_even_if_another_publisher_comes) {
    Behind world;
    world.end();
    Publication again = world.publish();
    FakeViewer other;
    world.join(other);
    world.push(again, key(0, "new"));
    world.viewer.drain(world.executor.now);
    world.push(again, delta(40, "new"));
    EXPECT_THAT(world.viewer.take(), ElementsAre("Av@80:p", "Av@120:p", "end: stream ended"));
    EXPECT_EQ(other.got.size(), 3U);
    EXPECT_EQ(world.hub.viewer_count(), 1U);
}

TEST(EndOfStream, does_not_reach_a_viewer_that_left_meanwhile) {
    Behind world;
    world.end();
    world.viewer.subscription = {};
    world.viewer.drain(world.executor.now);
    world.executor.advance(10'000);
    EXPECT_THAT(world.viewer.take(), IsEmpty());
    EXPECT_EQ(world.hub.find("/live/x"), nullptr);

    Behind late;
    late.end();
    late.viewer.drain(late.executor.now);
    late.viewer.subscription = {};
    late.executor.run();
    EXPECT_THAT(late.viewer.take(), ElementsAre("Av@80:p", "Av@120:p"));
}

TEST(EndOfStream, leaves_a_viewer_waiting_that_was_given_nothing) {
    World world;
    Publication publication = world.publish();
    world.push(publication, key(0));
    FakeViewer watching;
    world.join(watching);
    publication.end("bye");
    FakeViewer waiting;
    world.join(waiting);
    world.hub.give_up("/live/x", publication.number());
    world.executor.run();
    EXPECT_EQ(watching.got.back(), "end: stream ended");
    EXPECT_THAT(waiting.take(), IsEmpty());
    Publication again = world.publish();
    world.push(again, key(0));
    EXPECT_EQ(waiting.got.size(), 2U);
    EXPECT_TRUE(world.hub.kick_viewer(waiting.subscription.id(), ""));
    world.executor.run();
    EXPECT_EQ(waiting.got.back(), "end: kicked");
}

}  // namespace
}  // namespace st::hub
