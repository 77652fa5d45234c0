#include "base/places.h"

#include <gtest/gtest.h>

namespace st {
namespace {

TEST(Places, are_as_many_for_each_as_the_limit_says) {
    Places places;
    EXPECT_TRUE(places.take("a", 2));
    EXPECT_TRUE(places.take("a", 2));
    EXPECT_FALSE(places.take("a", 2));
    EXPECT_TRUE(places.take("a", 3)) << "a raised limit counts at once";
    EXPECT_TRUE(places.take("b", 2));
    EXPECT_EQ(places.taken("a"), 3U);
    places.give_back("a");
    EXPECT_FALSE(places.take("a", 2));
    places.give_back("a");
    EXPECT_TRUE(places.take("a", 2));
}

TEST(Places, of_nobody_are_not_counted_and_without_a_limit_there_is_none) {
    Places places;
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(places.take("", 1));
        EXPECT_TRUE(places.take("a", 0));
    }
    places.give_back("");
    places.give_back("never");
    EXPECT_EQ(places.taken(""), 0U);
    EXPECT_EQ(places.taken("a"), 5U);
}

TEST(Places, are_forgotten_with_their_last_holder) {
    Places places;
    for (int i = 0; i < 1000; ++i) {
        const std::string who = std::to_string(i);
        EXPECT_TRUE(places.take(who, 1));
        EXPECT_FALSE(places.take(who, 1));
        places.give_back(who);
    }
    EXPECT_EQ(places.size(), 0U);
}

}  // namespace
}  // namespace st
