#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "hub/fakes.h"

namespace st::hub {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

TEST(SlowViewer, gets_what_waited_in_order_once_it_takes_again) {
    World world(small_queue());
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, key(0));
    viewer.takes = false;
    world.push(publication, delta(40));  // in its socket
    world.push(publication, sound(45));
    world.push(publication, delta(80));
    EXPECT_THAT(viewer.take(), ElementsAre("begin video", "Av@0:k", "Av@40:p"));
    viewer.drain(world.executor.now);
    EXPECT_THAT(viewer.take(), ElementsAre("Aa@45:s", "Av@80:p"));
    EXPECT_EQ(world.hub.viewers().at(0)->dropped, 0U);
}

TEST(SlowViewer, is_cut_to_the_newest_key_frame_with_its_headers_again) {
    World world(small_queue());
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, config("one"));
    world.push(publication, key(0));
    viewer.takes = false;
    world.push(publication, delta(40));
    viewer.take();
    world.push(publication, delta(80));
    world.push(publication, delta(120));
    world.push(publication, config("two"));
    world.push(publication, key(160));
    world.push(publication, delta(200));
    world.push(publication, delta(240));  // one too many
    EXPECT_THAT(viewer.take(), IsEmpty());
    viewer.drain(world.executor.now);
    EXPECT_THAT(viewer.take(), ElementsAre("Av@160:two", "Av@160:k", "Av@200:p", "Av@240:p"));
    const auto record = world.hub.viewers().at(0);
    EXPECT_EQ(record->dropped, 2U) << "pictures; headers are not counted";
    EXPECT_EQ(record->cuts, 1U);
    EXPECT_EQ(std::get<Slow>(world.events.back()).dropped, 2U);
}

TEST(SlowViewer, is_told_the_metadata_once) {
    World world(small_queue());
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    const auto cut = [&](std::int64_t ms) {
        viewer.takes = false;
        for (int i = 0; i < 8; ++i) world.push(publication, delta(ms + i));
        viewer.take();
        world.push(publication, key(ms + 40));
        viewer.drain(world.executor.now);
        return viewer.take();
    };
    world.push(publication, metadata());
    world.push(publication, config("c"));
    world.push(publication, key(0));
    EXPECT_THAT(cut(40), ElementsAre("Av@80:c", "Av@80:k")) << "its time is 0: that is over";
    world.push(publication, promise());
    EXPECT_THAT(viewer.take(), ElementsAre("Am@80:meta"));
    EXPECT_THAT(cut(120), ElementsAre("Av@160:c", "Av@160:k")) << "it has them";
}

TEST(SlowViewer, is_not_told_metadata_again_that_came_in_mid_stream) {
    World world(small_queue());
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, key(0));
    world.push(publication, metadata());
    EXPECT_THAT(viewer.take(), ElementsAre("begin video", "Av@0:k", "Am@0:meta"));
    world.push(publication, delta(40));
    viewer.takes = false;
    for (int i = 0; i < 8; ++i) world.push(publication, delta(80 + i));
    viewer.take();
    world.push(publication, key(120));
    viewer.drain(world.executor.now);
    EXPECT_THAT(viewer.take(), ElementsAre("Av@120:k")) << "nothing at time 0";
}

TEST(SlowViewer, is_not_told_old_metadata_again_for_newer_ones_that_wait) {
    World world(small_queue());
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, metadata());
    world.push(publication, key(0));
    viewer.takes = false;
    world.push(publication, delta(40));
    viewer.take();
    world.push(publication, key(80));
    world.push(publication, packet(media::Track::metadata, 0, "new"));
    for (int i = 0; i < 8; ++i) world.push(publication, delta(120 + i));
    EXPECT_EQ(world.hub.viewers().at(0)->cuts, 1U);
    world.push(publication, key(160));
    viewer.drain(world.executor.now);
    const std::vector<std::string> got = viewer.take();
    EXPECT_THAT(got, Not(Contains("Am@0:meta"))) << "it has those";
    EXPECT_THAT(got, Contains("Av@160:k"));
}

TEST(SlowViewer, is_told_metadata_that_were_cut_away_before_it_got_them) {
    World world(small_queue());
    Publication publication = world.publish();
    world.push(publication, metadata());
    world.push(publication, config("c"));
    world.push(publication, key(0));
    FakeViewer viewer;
    viewer.takes = false;
    viewer.queued = 1;  // its answer's head is on the way still
    world.join(viewer);
    for (int i = 1; i < 9; ++i) world.push(publication, delta(i * 40));
    world.push(publication, key(400));
    viewer.drain(world.executor.now);
    world.push(publication, delta(440));
    const std::vector<std::string> got = viewer.take();
    EXPECT_EQ(std::count(got.begin(), got.end(), "Am@0:meta"), 1);
    EXPECT_THAT(got, Contains("Av@400:k"));
    EXPECT_GE(world.hub.viewers().at(0)->cuts, 1U);
}

TEST(SlowViewer, waits_for_the_next_key_frame_where_there_is_none) {
    World world(small_queue());
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, config("c"));
    world.push(publication, key(0));
    viewer.takes = false;
    for (int i = 1; i < 20; ++i) world.push(publication, delta(i * 40));
    viewer.take();
    viewer.drain(world.executor.now);
    world.push(publication, delta(800));
    EXPECT_THAT(viewer.take(), IsEmpty());
    world.push(publication, key(840));
    world.push(publication, delta(880));
    EXPECT_THAT(viewer.take(), ElementsAre("Av@840:c", "Av@840:k", "Av@880:p"));
}

TEST(SlowViewer, is_counted_by_its_stream_when_it_has_left) {
    World world(small_queue());
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, key(0));
    viewer.takes = false;
    for (int i = 1; i < 12; ++i) world.push(publication, delta(40 * i));
    const auto record = world.hub.viewers().at(0);
    const std::uint64_t most = record->queue_bytes_max;
    viewer.subscription = {};
    const StreamStatus status = world.hub.streams().front();
    EXPECT_EQ(status.dropped, record->dropped);
    EXPECT_GT(status.dropped, 0U);
    EXPECT_GE(status.queue_bytes_max, most);
    EXPECT_GT(most, 0U);
}

TEST(SlowViewer, is_cut_by_age_too) {
    World world(small_queue());
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, key(0));
    viewer.takes = false;
    world.push(publication, delta(40));
    world.push(publication, delta(80));
    world.executor.now += 600 * kMs;
    world.push(publication, key(680));
    viewer.take();
    viewer.drain(world.executor.now);
    EXPECT_THAT(viewer.take(), ElementsAre("Av@680:k"));
}

TEST(SlowViewer, holds_no_more_than_its_limit_however_long_it_stalls) {
    World world(small_queue());
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    viewer.takes = false;
    for (int i = 0; i < 1000; ++i) {
        world.push(publication, i % 10 == 0 ? key(i * 40) : delta(i * 40));
        EXPECT_LE(world.hub.viewers().at(0)->queue_bytes, 50U + 8U);
    }
    EXPECT_GT(world.hub.viewers().at(0)->cuts, 10U);
}

TEST(SlowViewer, that_takes_nothing_is_closed) {
    World world(small_queue());
    Publication publication = world.publish();
    FakeViewer stalled;
    FakeViewer healthy;
    world.join(stalled);
    world.join(healthy);
    world.push(publication, key(0));
    stalled.takes = false;
    for (int i = 1; i <= 60; ++i) {
        world.push(publication, i % 5 == 0 ? key(i * 100) : delta(i * 100));
        world.executor.advance(100);
    }
    EXPECT_EQ(stalled.got.back(), "end: the viewer has stopped reading");
    EXPECT_FALSE(stalled.subscription);
    EXPECT_EQ(healthy.got.size(), 1U + 61U) << "begin, and every packet";
    EXPECT_EQ(world.hub.viewer_count(), 1U);
}

TEST(SlowViewer, that_takes_nothing_is_closed_however_much_its_connection_has_to_say) {
    Options options = small_queue();
    options.queue.bytes = 5'000;
    World world(options);
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, key(0));
    viewer.takes = false;
    for (int i = 1; i <= 60; ++i) {
        world.push(publication, i % 5 == 0 ? key(i * 100) : delta(i * 100));
        viewer.queued += 7;  // answers to what it asks
        world.executor.advance(100);
    }
    EXPECT_EQ(viewer.got.back(), "end: the viewer has stopped reading");
    EXPECT_FALSE(viewer.subscription);
}

TEST(SlowViewer, whose_socket_alone_holds_too_much_is_cut) {
    World world(small_queue());
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, key(0));
    viewer.takes = false;
    world.push(publication, delta(40));
    viewer.queued += 60;
    world.executor.advance(1'100);
    EXPECT_EQ(world.hub.viewers().at(0)->cuts, 1U);
    viewer.take();
    world.push(publication, delta(80));
    world.executor.advance(1'000);
    EXPECT_EQ(world.hub.viewers().at(0)->cuts, 1U) << "once";
    EXPECT_EQ(world.hub.viewers().at(0)->dropped, 1U);
    viewer.drain(world.executor.now);
    world.push(publication, delta(120));
    EXPECT_THAT(viewer.take(), IsEmpty());
    world.push(publication, key(160));
    EXPECT_THAT(viewer.take(), ElementsAre("Av@160:k"));
}

TEST(SlowViewer, may_be_given_a_cache_larger_than_its_queue) {
    World world(small_queue());
    Publication publication = world.publish();
    world.push(publication, key(0));
    for (int i = 1; i < 20; ++i) world.push(publication, delta(i * 40));
    FakeViewer viewer;
    viewer.takes = false;
    viewer.queued = 1;
    world.join(viewer);
    world.push(publication, delta(800));
    EXPECT_EQ(world.hub.viewers().at(0)->cuts, 0U);
    viewer.drain(world.executor.now);
    EXPECT_EQ(viewer.take().size(), 1U + 21U);
    viewer.takes = false;
    for (int i = 21; i < 30; ++i) world.push(publication, delta(i * 40));
    EXPECT_EQ(world.hub.viewers().at(0)->cuts, 1U) << "the allowance was for the beginning";
}

TEST(SlowViewer, comes_after_those_who_keep_up) {
    World world(small_queue());
    Publication publication = world.publish();
    FakeViewer slow;
    FakeViewer healthy;
    world.join(slow);
    world.join(healthy);
    world.push(publication, key(0));
    slow.takes = false;
    world.push(publication, delta(40));  // in its socket
    std::vector<std::uint64_t> cuts;
    healthy.on_send = [&] { cuts.push_back(world.hub.viewers().at(0)->cuts); };
    for (int i = 0; i < 8 && world.hub.viewers().at(0)->cuts == 0; ++i) {
        world.push(publication, delta(80 + i));
    }
    EXPECT_EQ(world.hub.viewers().at(0)->cuts, 1U);
    EXPECT_EQ(cuts.back(), 0U) << "the packet that had one cut was out to the other before";
}

TEST(SlowViewer, does_not_hold_up_others_that_leave_in_the_middle_of_a_walk) {
    World world(small_queue());
    Publication publication = world.publish();
    std::vector<FakeViewer> viewers(10);
    for (FakeViewer& viewer : viewers) world.join(viewer);
    world.push(publication, key(0));
    publication.end("bye");
    world.hub.give_up("/live/x", publication.number());
    world.executor.run();  // each leaves inside its own end()
    for (FakeViewer& viewer : viewers) EXPECT_EQ(viewer.got.back(), "end: stream ended");
    EXPECT_EQ(world.hub.viewer_count(), 0U);
}

TEST(SlowViewer, is_given_what_was_kept_before_it_came_however_much_that_is) {
    World world(small_queue());
    Publication publication = world.publish();
    FakeViewer viewer;
    viewer.takes = false;
    world.join(viewer);
    const std::int64_t came = world.executor.now;
    publication.push(key(0), came - 20'000 * kMs, Coming::kept);
    for (std::int64_t ms = 1'000; ms <= 20'000; ms += 1'000)
        publication.push(delta(ms), came - (20'000 - ms) * kMs, Coming::kept);
    world.executor.run();
    for (int i = 0; i < 40; ++i) viewer.sip(world.executor.now);
    viewer.drain(world.executor.now);
    EXPECT_EQ(viewer.take().size(), 22U) << "begin and every picture";
    EXPECT_EQ(world.hub.viewers().at(0)->cuts.load(), 0U);
}

TEST(SlowViewer, that_is_always_a_little_behind_gets_all_in_order) {
    World world;
    auto publication = world.publish();
    world.push(publication, key(0));
    FakeViewer viewer;
    world.join(viewer);
    viewer.takes = false;
    std::int64_t ms = 0;
    const auto push = [&](int count) {
        for (int i = 0; i < count; ++i) world.push(publication, delta(ms += 40));
    };
    push(200);
    for (int round = 0; round < 100; ++round) {
        push(64);
        viewer.sip(world.executor.now);
    }
    viewer.drain(world.executor.now);
    const auto got = viewer.take();
    ASSERT_EQ(got.size(), 2U + 200U + 6'400U);
    for (std::size_t i = 1; i < got.size(); ++i) {
        const std::size_t at = 40 * (i - 1);
        ASSERT_EQ(got[i], "Av@" + std::to_string(at) + (at == 0 ? ":k" : ":p"));
    }
}

}  // namespace
}  // namespace st::hub
