#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "hub/fakes.h"

namespace st::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FailingViewerTest : public testing::Test {
 protected:
    FailingViewerTest() : publication(world.publish()) {
        for (FakeViewer& viewer : viewers) world.join(viewer);
        world.push(publication, config("avcC"));
        world.push(publication, key(0));
        for (FakeViewer& viewer : viewers) viewer.take();
    }
    void push_and_fail(media::Packet made) {
        publication.push(std::move(made), world.executor.now);
        EXPECT_THROW(world.executor.run(), std::runtime_error);
    }

    World world;
    FakeViewer viewers[3];
    Publication publication;
};

TEST_F(FailingViewerTest, costs_the_others_no_packet) {
    viewers[1].on_send = [] { throw std::runtime_error("no memory"); };
    push_and_fail(delta(40));
    EXPECT_THAT(viewers[0].take(), ElementsAre("Av@40:p"));
    EXPECT_THAT(viewers[1].take(), ElementsAre("end: the viewer has stopped reading"));
    EXPECT_THAT(viewers[2].take(), ElementsAre("Av@40:p"));
    world.push(publication, delta(80));
    EXPECT_THAT(viewers[0].take(), ElementsAre("Av@80:p"));
    EXPECT_THAT(viewers[1].take(), IsEmpty());
    EXPECT_THAT(viewers[2].take(), ElementsAre("Av@80:p"));
}

TEST_F(FailingViewerTest, leaves_no_hole_behind) {
    viewers[1].on_send = [] { throw std::runtime_error("no memory"); };
    push_and_fail(delta(40));
    viewers[0].subscription = {};
    viewers[2].subscription = {};
    FakeViewer late;
    world.join(late);
    late.take();
    world.push(publication, delta(80));
    EXPECT_THAT(late.take(), ElementsAre("Av@80:p"));
    EXPECT_EQ(world.hub.viewer_count(), 1U);
}

TEST_F(FailingViewerTest, that_is_behind_fails_alone_too) {
    viewers[1].takes = false;
    world.push(publication, delta(40));
    world.push(publication, delta(80));  // waits in the hub
    viewers[1].on_send = [] { throw std::runtime_error("no memory"); };
    EXPECT_THROW(viewers[1].drain(world.executor.now), std::runtime_error);
    for (FakeViewer& viewer : viewers) viewer.take();
    viewers[1].on_send = nullptr;
    world.push(publication, delta(120));
    EXPECT_THAT(viewers[0].take(), ElementsAre("Av@120:p"));
    EXPECT_THAT(viewers[2].take(), ElementsAre("Av@120:p"));
}

/// An executor without room for another task.
class FullExecutor final : public Executor {
 public:
    void post(std::function<void()> task) override {
        if (is_full) throw std::bad_alloc();
        inner.post(std::move(task));
    }
    TimerId after(std::chrono::nanoseconds delay, std::function<void()> task) override {
        return inner.after(delay, std::move(task));
    }
    void cancel(TimerId timer) override { inner.cancel(timer); }
    std::int64_t now_ns() const override { return inner.now_ns(); }
    std::int64_t read_clock_ns() const override { return inner.read_clock_ns(); }

    ManualExecutor inner;
    bool is_full = false;
};

TEST(FullDeliveryQueue, delivers_with_the_next_packet_what_it_could_not_be_woken_for) {
    World world;
    FullExecutor executor;
    DeliveryQueue& delivery = world.hub.add_delivery(executor);
    Publication publication = world.publish();
    world.push(publication, config("avcC"));
    world.push(publication, key(0));
    FakeViewer viewer;
    auto joined = world.hub.subscribe("/live/x", delivery, 0, viewer, {});
    ASSERT_TRUE(joined.ok());
    viewer.subscription = std::move(*joined);
    viewer.subscription.start(executor.now_ns());
    executor.inner.run();
    viewer.take();
    executor.is_full = true;
    EXPECT_THROW(publication.push(delta(40), world.executor.now), std::bad_alloc);
    executor.is_full = false;
    publication.push(delta(80), world.executor.now);
    executor.inner.run();
    EXPECT_THAT(viewer.take(), ElementsAre("Av@40:p", "Av@80:p"));
}

}  // namespace
}  // namespace st::hub
