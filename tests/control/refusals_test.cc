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

TEST(IsShutOut, means_the_reasons_that_are_about_a_right_alone) {
    EXPECT_TRUE(is_shut_out(kUnauthorized));
    EXPECT_TRUE(is_shut_out("control: the token is unknown or not for this role"));
    EXPECT_TRUE(is_shut_out("control: your address is not in the ranges allowed for this role"));
    for (const char* other :
         {"", "answers are not read", "control speaks JSON-RPC in text messages",
          "message too slow while memory is short", "unauthorized"}) {
        EXPECT_FALSE(is_shut_out(other)) << other;
    }
}

}  // namespace
}  // namespace st::control
