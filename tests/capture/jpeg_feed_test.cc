#include "capture/jpeg_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "fakes.h"

namespace st::capture {
namespace {

using testing::ElementsAre;
using testing::EndsWith;

struct Hearing final : JpegStreams::Viewer {
    void on_picture(const SharedBuffer& /*jpeg*/) override { ++pictures; }
    void on_words(const std::string& text) override { words.push_back(text); }
    void on_camera_gone() override { is_gone = true; }
    int pictures = 0;
    std::vector<std::string> words;
    bool is_gone = false;
};

class JpegFeedTest : public ::testing::Test {
 protected:
    JpegFeedTest() {
        streams.open(1, "eye", {});
        streams.watch(1, viewer);
    }
    void pass(std::chrono::milliseconds time) {
        timers.advance(time, [] {});
    }

    ManualTimers timers;
    JpegStreams streams;
    std::shared_ptr<Hearing> viewer = std::make_shared<Hearing>();
    JpegFeed feed{streams, timers, 1, nullptr};
};

TEST_F(JpegFeedTest, says_the_rate_once_a_second_also_when_no_picture_comes) {
    for (int i = 0; i < 4; ++i) {
        pass(std::chrono::milliseconds(250));
        if (i < 3) feed.picture(share(Buffer(as_bytes("jpeg"))), 0);
    }
    pass(std::chrono::milliseconds(1000));
    EXPECT_THAT(viewer->words, ElementsAre(EndsWith("[server] FPS: 3.00, 3 pictures in all"),
                                           EndsWith("[server] FPS: 0.00, 3 pictures in all")));
    EXPECT_EQ(viewer->pictures, 3);
}

TEST_F(JpegFeedTest, repeats_the_words_of_the_camera) {
    feed.words("ACK: stopped", 0);
    EXPECT_THAT(viewer->words, ElementsAre(EndsWith("[camera] ACK: stopped")));
}

TEST_F(JpegFeedTest, a_camera_that_is_renamed_has_its_next_pictures_in_the_folder_of_its_name) {
    struct Pool final : loop::BlockingWork {
        void post(loop::Effort, loop::Task task) override { task(); }
    } pool;
    namespace fs = std::filesystem;
    const std::string root = ::testing::TempDir() + "jpeg_feed_" + std::to_string(::getpid());
    for (const char* name : {"10.0.0.7", "door"}) {
        feed.write_to(std::make_shared<ImageRing>(ImageFolder{root, 10}, name, pool, Log()));
        feed.picture(share(Buffer(as_bytes("jpeg"))), 1'700'000'000'000'000);
    }
    for (const char* name : {"10.0.0.7", "door"}) {
        EXPECT_EQ(std::distance(fs::directory_iterator(fs::path(root) / name), {}), 1) << name;
    }
    fs::remove_all(root);
}

}  // namespace
}  // namespace st::capture
