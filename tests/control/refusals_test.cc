#include "control/refusals.h"

#include <gtest/gtest.h>

namespace st::control {
namespace {

TEST(NoSuchCamera, names_the_one_that_may_be_meant) {
    EXPECT_EQ(no_such_camera("dor", "door"), "no such camera: dor (did you mean door?)");
    EXPECT_EQ(no_such_camera("kitchen", ""), "no such camera: kitchen");
    EXPECT_EQ(no_such_camera("k*", ""), "no camera matches k*");
}

TEST(UnderWay, is_said_with_its_take_its_age_and_who_began_it) {
    UnderWay what{"door_20260131_081530", "walk1", "kim@desk", std::chrono::seconds(12)};
    EXPECT_EQ(sentence(what),
              "already recording door_20260131_081530 (take walk1), started 12 s ago by kim@desk");
    what.take.clear();
    what.by.clear();
    EXPECT_EQ(sentence(what),
              "already recording door_20260131_081530, started 12 s ago by the camera itself");
    what = UnderWay{"", "walk1", "kim@desk", {}};
    EXPECT_EQ(sentence(what), "is being started (take walk1), by kim@desk");
}

}  // namespace
}  // namespace st::control
