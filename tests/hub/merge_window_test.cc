#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "hub/fakes.h"

namespace st::hub {
namespace {

TEST(MergeWindow, sends_what_came_in_it_with_one_call) {
    Options options;
    options.batch = std::chrono::milliseconds(100);
    World world(options);
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, key(0));
    world.push(publication, delta(40));
    EXPECT_EQ(viewer.sends, 0);
    world.executor.advance(100);
    const int first = viewer.sends;
    EXPECT_EQ(viewer.got.size(), 3U);
    world.push(publication, delta(120));
    world.executor.advance(50);
    world.push(publication, delta(170));
    EXPECT_EQ(viewer.sends, first);
    world.executor.advance(49);
    EXPECT_EQ(viewer.sends, first);
    world.executor.advance(1);
    EXPECT_EQ(viewer.sends, first + 1);
    EXPECT_EQ(viewer.got.size(), 5U);
}

TEST(MergeWindow, includes_the_time_it_takes_to_send_to_all) {
    Options options;
    options.batch = std::chrono::milliseconds(100);
    World world(options);
    Publication publication = world.publish();
    std::array<FakeViewer, 3> viewers;
    for (FakeViewer& viewer : viewers) {
        world.join(viewer);
        viewer.on_send = [&world] { world.executor.now += 5 * kMs; };
    }
    const auto sends_within = [&](std::int64_t ms) {
        const int before = viewers.front().sends;
        world.executor.advance(ms);
        return viewers.front().sends - before;
    };
    world.push(publication, key(0));
    EXPECT_GT(sends_within(100), 0);
    world.push(publication, delta(120));
    EXPECT_EQ(sends_within(84), 0);  // three of them take 15 ms
    EXPECT_EQ(sends_within(1), 1);
    for (FakeViewer& viewer : viewers) {
        viewer.on_send = [&world] { world.executor.now += 50 * kMs; };
    }
    world.push(publication, delta(240));
    EXPECT_EQ(sends_within(85), 1);
    world.push(publication, delta(360));
    EXPECT_EQ(sends_within(74), 0);  // a quarter is the most that is taken off
    EXPECT_EQ(sends_within(1), 1);
}

TEST(MergeWindow, is_cut_short_by_size) {
    Options options;
    options.batch = std::chrono::milliseconds(10'000);
    World world(options);
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    for (std::size_t i = 0; i < Group::kUnitsMax; ++i) world.push(publication, key(40));
    EXPECT_EQ(viewer.got.size(), Group::kUnitsMax + 1);
}

}  // namespace
}  // namespace st::hub
