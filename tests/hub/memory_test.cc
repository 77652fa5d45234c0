#include <gtest/gtest.h>

#include "hub/fakes.h"

namespace st::hub {
namespace {

constexpr std::size_t kKb = 1024;
constexpr std::size_t kMb = 1024 * kKb;

/// Of `world`, several streams with a key frame and as many more of this size.
std::vector<Publication> streams(World& world, std::size_t count, std::size_t pictures,
                                 std::size_t bytes) {
    std::vector<Publication> all;
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back(world.publish("/live/s" + std::to_string(i)));
        world.push(all.back(), key(0, std::string(bytes, 'k')));
        for (std::size_t n = 1; n <= pictures; ++n) {
            world.push(all.back(),
                       delta(static_cast<std::int64_t>(40 * n), std::string(bytes, 'p')));
        }
    }
    return all;
}

std::size_t cached(const World& world) {
    std::size_t bytes = 0;
    for (const StreamStatus& status : world.hub.streams(world.executor.now))
        bytes += status.gop_bytes;
    return bytes;
}

TEST(HubMemory, what_is_cached_counts_until_the_stream_is_gone) {
    World world;
    {
        const auto all = streams(world, 1, 9, 10'000);
        EXPECT_EQ(cached(world), 100'000U);
        EXPECT_GE(world.memory.total(), 100'000U);
        EXPECT_LE(world.memory.total(), 120'000U);
    }
    EXPECT_EQ(world.memory.total(), 0U);
}

TEST(HubMemory, caches_of_all_streams_together_hold_an_eighth_of_the_budget) {
    World world;
    world.memory.set_limit(64 * kMb);
    const auto all = streams(world, 40, 9, 100'000);  // 40 MB
    EXPECT_GT(cached(world), 2 * kMb);
    EXPECT_LE(cached(world), 8 * kMb);
    EXPECT_LE(world.memory.total(), 12 * kMb) << "with the newest key frame of each";
}

TEST(HubMemory, wire_forms_of_what_is_cached_count_as_well) {
    World world;
    const auto all = streams(world, 1, 9, 10'000);
    FakeViewer viewer;
    world.join(viewer, 0, "/live/s0");
    EXPECT_GE(world.memory.total(), 200'000U);
    FakeViewer other;
    world.join(other, 1, "/live/s0");
    EXPECT_GE(world.memory.total(), 300'000U);
    EXPECT_LE(world.memory.total(), 350'000U);
}

TEST(HubMemory, what_waits_for_many_slow_viewers_counts_once_and_until_all_have_it) {
    World world;
    auto publication = world.publish();
    world.push(publication, key(0));
    std::vector<std::unique_ptr<FakeViewer>> viewers;
    for (int i = 0; i < 50; ++i) {
        viewers.push_back(std::make_unique<FakeViewer>());
        world.join(*viewers.back());
        viewers.back()->takes = false;
    }
    for (int i = 1; i <= 20; ++i) world.push(publication, delta(40 * i, std::string(10'000, 'p')));
    EXPECT_LE(world.memory.total(), 500'000U) << "packets and one form of them";
    world.push(publication, key(2'000));
    EXPECT_GE(world.memory.total(), 200'000U) << "they still wait";
    for (auto& viewer : viewers) {
        viewer->drain(world.executor.now);
        viewer->last.reset();
    }
    EXPECT_LE(world.memory.total(), 10'000U);
}

TEST(HubMemory, short_of_it_the_viewers_with_most_to_come_are_cut_and_the_others_are_not) {
    World world;
    world.memory.set_limit(64 * kMb);
    auto publication = world.publish();
    world.push(publication, key(0));
    FakeViewer slow;
    FakeViewer quick;
    world.join(slow);
    world.join(quick);
    slow.takes = false;
    for (int i = 1; i <= 20; ++i) world.push(publication, delta(40 * i, std::string(100'000, 'p')));
    EXPECT_EQ(slow.subscription.stream().status().dropped, 0U);
    EXPECT_EQ(world.hub.viewers()[0]->cuts.load(), 0U);
    // One holder beside: a twenty-fourth of its share is 2.7 MB.
    MemoryBudget::Charge others(world.memory, 60 * kMb);
    for (int i = 21; i <= 30; ++i) {
        world.push(publication, delta(40 * i, std::string(100'000, 'p')));
    }
    EXPECT_EQ(world.hub.viewers()[0]->cuts.load(), 1U);
    EXPECT_EQ(world.hub.viewers()[1]->cuts.load(), 0U);
    EXPECT_EQ(quick.sends, 31);
}

TEST(HubMemory, headers_made_again_for_a_viewer_count) {
    World world;
    auto publication = world.publish();
    world.push(publication, config(std::string(50'000, 'c')));
    world.push(publication, key(0));
    const std::size_t before = world.memory.total();
    FakeViewer viewer;
    world.join(viewer);
    EXPECT_GE(world.memory.total() - before, 100'000U) << "the packet with its time, and a form";
}

TEST(HubMemory, keeps_little_of_further_tracks) {
    World world;
    auto publication = world.publish();
    for (std::uint8_t id = 1; id < 40; ++id) {
        media::Packet further = config(std::string(60'000, 'c'));
        further.track_id = id;
        world.push(publication, std::move(further));
    }
    world.push(publication, key(0));
    world.push(publication, key(40));
    EXPECT_LE(world.memory.total(), 300'000U);
}

TEST(HubMemory, sound_held_before_the_first_picture_counts) {
    World world;
    auto publication = world.publish();
    for (int i = 0; i < 10; ++i) world.push(publication, sound(20 * i, std::string(10'000, 's')));
    EXPECT_GE(world.memory.total(), 100'000U);
    publication.end("left");
    EXPECT_EQ(world.memory.total(), 0U);
}

}  // namespace
}  // namespace st::hub
