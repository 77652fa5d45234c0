#include "capture/given_names.h"

#include <gtest/gtest.h>

namespace st::capture {
namespace {

TEST(GivenNames, come_back_from_their_file) {
    GivenNames names;
    names.give({"192.168.1.20", "Pixel 7", "door"});
    names.give({"192.168.1.21", "", "gate"});
    EXPECT_EQ(names.encode(), R"({"version":1,"cameras":[)"
                              R"({"address":"192.168.1.20","model":"Pixel 7","name":"door"},)"
                              R"({"address":"192.168.1.21","model":"","name":"gate"}]})"
                              "\n");
    const auto back = GivenNames::decode(names.encode());
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->all(), names.all());
}

TEST(GivenNames, belong_to_one_device_and_a_device_has_one) {
    GivenNames names;
    names.give({"10.0.0.1", "a", "door"});
    names.give({"10.0.0.1", "a", "gate"});
    EXPECT_EQ(names.all().size(), 1U);
    names.give({"10.0.0.2", "a", "gate"});
    EXPECT_EQ(names.find("10.0.0.1", "a"), nullptr);
    ASSERT_NE(names.find("10.0.0.2", "a"), nullptr);
}

TEST(GivenNames, of_an_address_mean_the_only_device_there) {
    GivenNames names;
    names.give({"10.0.0.1", "a", "door"});
    ASSERT_NE(names.only_at("10.0.0.1"), nullptr);
    names.give({"10.0.0.1", "b", "gate"});
    EXPECT_EQ(names.only_at("10.0.0.1"), nullptr);
    EXPECT_TRUE(names.has("10.0.0.1"));
    EXPECT_EQ(names.find("10.0.0.1", "b")->name, "gate");
}

TEST(GivenNames, survive_a_file_that_somebody_edited) {
    EXPECT_FALSE(GivenNames::decode("").ok());
    EXPECT_FALSE(GivenNames::decode("[]").ok());
    EXPECT_FALSE(GivenNames::decode(R"({"cameras":{}})").ok());
    const auto names =
        GivenNames::decode(R"({"cameras":[1,{"address":"10.0.0.1","name":"../up"},{"name":"door"},)"
                           R"({"address":"10.0.0.1","name":"gate"}]})");
    ASSERT_TRUE(names.ok());
    const std::vector<GivenName> expected{{"10.0.0.1", "", "gate"}};
    EXPECT_EQ(names->all(), expected);
}

}  // namespace
}  // namespace st::capture
