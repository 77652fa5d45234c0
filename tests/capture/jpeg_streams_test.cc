#include "capture/jpeg_streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace st::capture {
namespace {

using testing::ElementsAre;

struct Watching final : JpegStreams::Viewer {
    void on_picture(const SharedBuffer& jpeg) override {
        told.emplace_back(as_text(jpeg->bytes()));
    }
    void on_words(const std::string& text) override { told.push_back(text); }
    void on_camera_gone() override { told.emplace_back("gone"); }
    void on_renamed(const std::string& name) override { told.push_back("is " + name); }
    void on_camera(const JpegStreams::Found& camera) override {
        told.push_back("came " + camera.name);
    }
    std::vector<std::string> told;
};

class JpegStreamsTest : public ::testing::Test {
 protected:
    JpegStreams::Command command_of(const std::string& camera) {
        return [this, camera](std::string_view words) {
            commands.push_back(camera + ": " + std::string(words));
        };
    }
    void open(std::uint64_t number, const std::string& name) {
        streams.open(number, name, command_of(name));
    }

    JpegStreams streams;
    std::vector<std::string> commands;
    std::shared_ptr<Watching> viewer = std::make_shared<Watching>();
};

TEST_F(JpegStreamsTest, finds_the_camera_of_that_name_or_the_one_that_came_last) {
    EXPECT_FALSE(streams.find(""));
    open(1, "eye");
    open(2, "ear");
    EXPECT_EQ(streams.find("")->name, "ear");
    EXPECT_EQ(streams.find("eye")->camera, 1U);
    EXPECT_FALSE(streams.find("nose"));
}

TEST_F(JpegStreamsTest, keeps_a_viewer_with_its_camera_when_another_comes) {
    open(1, "eye");
    const auto found = streams.find("");
    streams.watch(found->camera, viewer);
    open(2, "ear");
    streams.picture(1, share(Buffer(as_bytes("of eye"))));
    streams.picture(2, share(Buffer(as_bytes("of ear"))));
    EXPECT_TRUE(streams.command(found->camera, "stop"));
    EXPECT_THAT(viewer->told, ElementsAre("of eye"));
    EXPECT_THAT(commands, ElementsAre("eye: stop"));
}

TEST_F(JpegStreamsTest, keeps_a_viewer_with_its_camera_when_that_is_renamed) {
    open(1, "eye");
    EXPECT_EQ(streams.watch(1, viewer), "eye");
    streams.rename(1, "door");
    streams.picture(1, share(Buffer(as_bytes("of door"))));
    EXPECT_TRUE(streams.command(1, "stop"));
    EXPECT_EQ(streams.watch(1, std::make_shared<Watching>()), "door");
    EXPECT_THAT(viewer->told, ElementsAre("is door", "of door"));
}

TEST_F(JpegStreamsTest, tells_of_the_camera_that_was_waited_for_once) {
    EXPECT_FALSE(streams.find_or_await("door", viewer));
    open(1, "eye");
    EXPECT_THAT(viewer->told, ElementsAre());
    streams.rename(1, "door");
    open(2, "door");
    EXPECT_THAT(viewer->told, ElementsAre("came door"));
}

TEST_F(JpegStreamsTest, has_nothing_of_a_camera_that_has_gone) {
    open(1, "eye");
    streams.watch(1, viewer);
    streams.close(1);
    EXPECT_THAT(viewer->told, ElementsAre("gone"));
    EXPECT_FALSE(streams.watch(1, viewer));
    EXPECT_FALSE(streams.command(1, "stop"));
    EXPECT_TRUE(commands.empty());
}

}  // namespace
}  // namespace st::capture
