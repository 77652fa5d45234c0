#include "control/event_types.h"

#include <gtest/gtest.h>

namespace st::control {
namespace {

TEST(NoSuchEvent, names_the_one_that_may_be_meant) {
    EXPECT_EQ(no_such_event("session.finishd"),
              "no event is called session.finishd; did you mean session.finished?");
    EXPECT_EQ(no_such_event("weather"), "no event is called weather");
    EXPECT_LT(no_such_event(std::string(10'000, 'x')).size(), 100U) << "it came from a peer";
}

}  // namespace
}  // namespace st::control
