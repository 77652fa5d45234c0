#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/fakes.h"
#include "hub/hub.h"

namespace st::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Beginning, takes_sound_alone_for_a_stream_once_no_picture_came) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, sound_config());
    world.push(publication, sound(0));
    EXPECT_THAT(viewer.take(), IsEmpty()) << "pictures may follow";
    world.executor.now += 1'000 * kMs;
    world.push(publication, sound(1000));
    world.push(publication, sound(1020));
    EXPECT_THAT(viewer.take(),
                ElementsAre("begin audio", "Aa@0:ASC", "Aa@0:s", "Aa@1000:s", "Aa@1020:s"));
}

TEST(Beginning, takes_sound_alone_for_a_stream_once_enough_came_however_fast) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, sound_config());
    // A minute at once, as of a file: more than is held back.
    for (int i = 0; i < 3'000; ++i) world.push(publication, sound(i * 20));
    const auto got = viewer.take();
    ASSERT_EQ(got.size(), 3'002U);
    EXPECT_EQ(got[2], "Aa@0:s");
    EXPECT_EQ(got.back(), "Aa@59980:s");
}

TEST(Beginning, waits_longer_for_pictures_that_were_promised_however_fast_sound_comes) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, config("avcC"));
    for (int i = 0; i < 240; ++i) world.push(publication, sound(i * 20));
    EXPECT_THAT(viewer.take(), IsEmpty());
    world.push(publication, key(4'790));
    EXPECT_EQ(viewer.take().size(), 243U);
}

TEST(Beginning, takes_a_header_for_no_picture) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, config("avcC"));
    world.push(publication, sound_config());
    world.push(publication, sound(0));
    world.executor.now += 4'000 * kMs;
    world.push(publication, sound(4000));
    EXPECT_THAT(viewer.take(), IsEmpty()) << "it speaks of pictures, all the same";
    world.executor.now += 1'000 * kMs;
    world.push(publication, sound(5000));
    EXPECT_THAT(viewer.take(), ElementsAre("begin video audio", "Av@0:avcC", "Aa@0:ASC", "Aa@0:s",
                                           "Aa@4000:s", "Aa@5000:s"));
    world.push(publication, key(5010));
    EXPECT_THAT(viewer.take(), ElementsAre("Av@5010:k")) << "there they are";
}

TEST(Beginning, waits_for_pictures_from_the_first_sound_on) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.executor.now += 20'000 * kMs;
    world.push(publication, sound(0));
    world.push(publication, config("avcC"));
    world.push(publication, key(10));
    EXPECT_THAT(viewer.take(), ElementsAre("begin video audio", "Av@0:avcC", "Aa@0:s", "Av@10:k"));
}

TEST(Beginning, delivers_a_stream_of_sound_that_ends_before_that_is_clear) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, sound_config());
    world.push(publication, sound(0));
    world.push(publication, sound(20));
    publication.end("bye");
    world.executor.run();
    EXPECT_THAT(viewer.take(), ElementsAre("begin audio", "Aa@0:ASC", "Aa@0:s", "Aa@20:s"));
}

TEST(Beginning, begins_with_the_sound_from_before_the_first_key_frame) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, config("avcC"));
    world.push(publication, sound(25));
    world.push(publication, sound(48));
    world.push(publication, key(40));
    world.push(publication, sound(71));
    EXPECT_THAT(viewer.take(), ElementsAre("begin video audio", "Av@0:avcC", "Aa@0:s", "Av@15:k",
                                           "Aa@23:s", "Aa@46:s"));
    FakeViewer late;
    world.join(late);
    EXPECT_THAT(late.take(),
                ElementsAre("begin video audio", "Av@15:avcC", "Av@15:k", "Aa@23:s", "Aa@46:s"));
}

TEST(Beginning, goes_on_without_a_gap_when_a_publisher_returns_in_the_middle_of_a_group) {
    World world;
    FakeViewer viewer;
    {
        Publication publication = world.publish();
        world.join(viewer);
        world.push(publication, key(0));
        world.push(publication, sound(0));
        world.push(publication, sound(23));
        world.push(publication, delta(40));
    }
    viewer.take();
    Publication again = world.publish();
    world.push(again, sound(70'000));
    for (const std::int64_t ms : {70'000, 70'040, 70'080}) world.push(again, delta(ms));
    world.push(again, sound(70'092));
    world.push(again, key(70'120));
    world.push(again, sound(70'115));
    EXPECT_THAT(viewer.take(), ElementsAre("Aa@46:s", "Av@80:k", "Aa@69:s"));
}

TEST(Beginning, moves_held_sound_with_the_line) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, sound(100));
    world.push(publication, sound(120));
    world.push(publication, key(0));
    EXPECT_THAT(viewer.take(), ElementsAre("begin video audio", "Av@0:k", "Aa@100:s", "Aa@120:s"));
}

TEST(Beginning, leaves_out_sound_beside_pictures_that_nobody_can_decode) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, sound(0));
    world.push(publication, delta(10));
    world.push(publication, sound(20));
    world.push(publication, key(30));
    EXPECT_THAT(viewer.take(), ElementsAre("begin video audio", "Aa@20:s", "Av@30:k"));
}

TEST(Beginning, holds_no_more_sound_than_it_has_to) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    for (int i = 0; i < 5; ++i) world.push(publication, sound(i, std::string(1 << 20, 'x')));
    world.push(publication, sound(6));
    world.push(publication, key(10));
    EXPECT_LT(viewer.take().size(), 6U);
}

TEST(Beginning, holds_the_latest_sound_where_it_cannot_hold_all) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, config("avcC"));
    for (int i = 0; i < 600; ++i) world.push(publication, sound(i * 5));
    EXPECT_THAT(viewer.take(), IsEmpty());
    world.push(publication, key(3'000));
    const auto got = viewer.take();
    EXPECT_EQ(got.size(), 515U);
    EXPECT_EQ(got[got.size() - 2], "Aa@2995:s");
}

TEST(Beginning, does_not_promise_sound_that_only_a_header_speaks_of) {
    World world;
    Publication publication = world.publish();
    world.push(publication, config("avcC"));
    world.push(publication, sound_config());
    world.push(publication, key(0));
    for (int i = 1; i < 30; ++i) world.push(publication, delta(i * 40));
    FakeViewer viewer;
    world.join(viewer);
    EXPECT_EQ(viewer.got.front(), "begin video");
}

TEST(Beginning, believes_a_publisher_that_promises_sound_until_too_many_pictures_came_without) {
    World world;
    Publication publication = world.publish();
    FakeViewer first;
    world.join(first);
    world.push(publication, promise());
    world.push(publication, config("avcC"));
    world.push(publication, key(0));
    EXPECT_EQ(first.got.at(0), "begin video audio") << "its header comes later";
    for (int i = 1; i < 30; ++i) world.push(publication, delta(i * 40));
    FakeViewer late;
    world.join(late);
    EXPECT_EQ(late.got.at(0), "begin video");
    publication.end("bye");
    Publication again = world.publish();
    FakeViewer other;
    world.join(other);
    world.push(again, key(0));
    EXPECT_EQ(other.got.at(0), "begin video") << "another publisher, who promises nothing";
}

TEST(Beginning, waits_longer_for_pictures_that_are_promised) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, promise());
    world.push(publication, sound_config());
    for (int ms = 0; ms <= 1600; ms += 20) {
        world.push(publication, sound(ms));
        world.executor.now += 20 * kMs;
    }
    EXPECT_THAT(viewer.take(), IsEmpty());
    world.push(publication, key(1600));
    const std::vector<std::string> got = viewer.take();
    ASSERT_EQ(got.size(), 3U + 81 + 1);
    EXPECT_EQ(got[0], "begin video audio");
    EXPECT_EQ(got[3], "Aa@0:s");
    EXPECT_EQ(got[got.size() - 2], "Av@1600:k");
    EXPECT_EQ(got.back(), "Aa@1600:s");

    World silent;
    Publication broken = silent.publish();
    FakeViewer listener;
    silent.join(listener);
    silent.push(broken, promise());
    silent.push(broken, sound(0));
    silent.executor.now += 5'000 * kMs;
    silent.push(broken, sound(5'000));
    EXPECT_THAT(listener.take(), ElementsAre("begin audio", "Am@0:meta", "Aa@0:s", "Aa@5000:s"));
}

}  // namespace
}  // namespace st::hub
