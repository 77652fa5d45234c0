#include "streamctl/commands/follow.h"

#include <gtest/gtest.h>

namespace st::streamctl {
namespace {

using std::chrono::seconds;

TEST(ProgressLine, says_time_and_losses_where_a_narrow_terminal_still_shows_them) {
    control::CameraStatus camera;
    camera.name = "door";
    camera.fps_1s = 26;
    camera.recording.emplace();
    camera.recording->pictures = 54;
    camera.recording->missing = 3;
    const std::string line = progress_line(camera, seconds(2), seconds(64));
    EXPECT_EQ(line, "door  0:02, 1:04 left  3 lost  54 pictures  26.0 fps");
    EXPECT_LT(line.find(" lost"), 40U);
    camera.recording->part = 2;
    camera.recording->pictures = 1;
    EXPECT_EQ(progress_line(camera, seconds(3661), std::nullopt),
              "door  1:01:01  3 lost  1 picture  26.0 fps  part 2");
}

}  // namespace
}  // namespace st::streamctl
