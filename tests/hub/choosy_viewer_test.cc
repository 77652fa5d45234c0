#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/fakes.h"

namespace st::hub {
namespace {

using testing::ElementsAre;

TEST(ChoosyViewer, gets_the_headers_of_all_tracks_and_the_sound_alone) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    FakeViewer other;
    world.join(viewer);
    world.join(other);
    viewer.subscription.choose({false, true});
    world.push(publication, config("c"));
    world.push(publication, sound_config());
    world.push(publication, key(0));
    world.push(publication, sound(5));
    world.push(publication, delta(40));
    world.push(publication, config("other"));
    world.push(publication, sound(45));
    EXPECT_THAT(viewer.take(), ElementsAre("begin video audio", "Av@0:c", "Aa@0:ASC", "Aa@5:s",
                                           "Av@40:other", "Aa@45:s"));
    EXPECT_EQ(other.take().size(), 8U) << "whom it does not concern";
    EXPECT_EQ(world.hub.viewers().at(0)->dropped, 0U) << "nobody was too slow";
}

TEST(ChoosyViewer, takes_pictures_up_again_at_a_key_frame) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, key(0));
    viewer.subscription.choose({false, true});
    world.push(publication, delta(40));
    viewer.subscription.choose({true, true});
    world.push(publication, delta(80));
    world.push(publication, sound(85));
    world.push(publication, key(120));
    world.push(publication, delta(160));
    EXPECT_THAT(viewer.take(),
                ElementsAre("begin video", "Av@0:k", "Aa@85:s", "Av@120:k", "Av@160:p"));
}

TEST(ChoosyViewer, leaves_out_sound_and_has_it_back_at_once) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    world.push(publication, key(0));
    viewer.subscription.choose({true, false});
    world.push(publication, sound(5));
    world.push(publication, delta(40));
    viewer.subscription.choose({true, true});
    world.push(publication, sound(45));
    EXPECT_THAT(viewer.take(), ElementsAre("begin video", "Av@0:k", "Av@40:p", "Aa@45:s"));
}

TEST(ChoosyViewer, that_wants_nothing_gets_nothing) {
    World world;
    Publication publication = world.publish();
    FakeViewer viewer;
    world.join(viewer);
    viewer.subscription.choose({false, false});
    world.push(publication, key(0));
    world.push(publication, sound(5));
    EXPECT_THAT(viewer.take(), ElementsAre("begin video"));
}

}  // namespace
}  // namespace st::hub
