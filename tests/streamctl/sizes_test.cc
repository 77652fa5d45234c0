#include "streamctl/commands/sizes.h"

#include <gtest/gtest.h>

namespace st::streamctl {
namespace {

TEST(SizeTrouble, a_resolution_is_asked_for_exactly) {
    control::StartParameters parameters;
    EXPECT_EQ(size_trouble(parameters, {640, 480}), std::nullopt) << "nothing was asked for";
    parameters.resolution = {1280, 720};
    EXPECT_EQ(size_trouble(parameters, {1280, 720}), std::nullopt);
    EXPECT_EQ(size_trouble(parameters, {640, 480}), "delivers 640x480, not 1280x720");
}

TEST(SizeTrouble, a_ratio_is_met_as_far_as_encoders_can) {
    control::StartParameters parameters;
    parameters.aspect = {16, 9};
    for (const control::Size size :
         {control::Size{1920, 1080}, {1920, 1088}, {854, 480}, {640, 352}})
        EXPECT_EQ(size_trouble(parameters, size), std::nullopt) << size.width;
    EXPECT_EQ(size_trouble(parameters, {640, 480}), "delivers 640x480, not 16:9");
    EXPECT_EQ(size_trouble(parameters, {1280, 800}), "delivers 1280x800, not 16:9");
    EXPECT_EQ(size_trouble(parameters, {720, 1280}), "delivers 720x1280, not 16:9");
}

}  // namespace
}  // namespace st::streamctl
