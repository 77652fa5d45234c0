#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/fakes.h"
#include "hub/hub.h"

namespace st::hub {
namespace {

using testing::ElementsAre;

media::Packet text(std::int64_t ms) {
    media::Packet made = packet(media::Track::metadata, ms, "text");
    made.is_passing = true;
    return made;
}

TEST(DataMessage, reaches_those_who_watch_at_its_time_and_nobody_later) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, text(1'000));  // nobody has begun
    world.push(publication, metadata());
    world.push(publication, key(1'000));
    world.push(publication, delta(1'040));
    world.push(publication, text(1'030));
    world.push(publication, delta(1'080));
    EXPECT_THAT(viewer.take(), ElementsAre("begin video", "Am@0:meta", "Av@0:k", "Av@40:p",
                                           "Am@30:text", "Av@80:p"));
    FakeViewer late;
    world.join(late);
    EXPECT_THAT(late.take(),
                ElementsAre("begin video", "Am@0:meta", "Av@0:k", "Av@40:p", "Av@80:p"));
    EXPECT_EQ(world.hub.streams().at(0).jumps, 0U);
}

TEST(DataMessage, stands_at_the_newest_time_if_its_own_is_of_another_clock) {
    for (const std::int64_t ms : {0, 7'000'000}) {
        World world;
        Publication publication = world.publish();
        FakeViewer viewer;
        world.join(viewer);
        world.push(publication, key(500'000));
        world.push(publication, delta(500'040));
        world.push(publication, text(ms));
        world.push(publication, delta(500'080));
        EXPECT_THAT(viewer.take(),
                    ElementsAre("begin video", "Av@0:k", "Av@40:p", "Am@40:text", "Av@80:p"));
    }
}

TEST(Stream, says_what_could_not_be_used) {
    World world;
    Publication publication = world.publish();
    EXPECT_EQ(world.hub.streams().at(0).unusable, 0U);
    publication.note_unusable("AAC: no");
    publication.note_unusable("AAC: never");
    EXPECT_EQ(world.hub.streams().at(0).unusable, 2U);
    EXPECT_EQ(world.hub.streams().at(0).unusable_why, "AAC: never");
    publication.end("bye");
    Publication other = world.publish();
    EXPECT_EQ(world.hub.streams().at(0).unusable, 0U);
}

}  // namespace
}  // namespace st::hub
