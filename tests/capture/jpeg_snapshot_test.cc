#include "capture/jpeg_snapshot.h"

#include <gtest/gtest.h>

#include <vector>

#include "fakes.h"

namespace st::capture {
namespace {

struct Asked {
    std::vector<std::string> pictures;
    std::vector<int> refusals;
};

class JpegSnapshotTest : public ::testing::Test {
 protected:
    void ask(const std::string& camera) {
        JpegSnapshot::take(
            streams, camera, timers,
            [this](std::function<void()> task) { posted.push_back(std::move(task)); },
            [this](const Result<std::string>& jpeg) {
                if (jpeg)
                    asked.pictures.push_back(*jpeg);
                else
                    asked.refusals.push_back(jpeg.error().code);
            });
    }
    void run_posted() {
        for (const auto& task : std::exchange(posted, {})) task();
    }
    void picture(const std::string& bytes) {
        streams.picture(1, share(Buffer(as_bytes(bytes))));
        run_posted();
    }

    JpegStreams streams;
    ManualTimers timers;
    std::vector<std::function<void()>> posted;
    Asked asked;
};

TEST_F(JpegSnapshotTest, is_the_next_picture_and_no_other) {
    streams.open(1, "eye", {});
    picture("before");
    ask("eye");
    EXPECT_TRUE(asked.pictures.empty());
    picture("next");
    picture("later");
    EXPECT_EQ(asked.pictures, (std::vector<std::string>{"next"}));
    EXPECT_EQ(timers.size(), 0U);
    timers.advance(std::chrono::minutes(1));
    EXPECT_TRUE(asked.refusals.empty());
}

TEST_F(JpegSnapshotTest, of_two_pictures_at_once_is_the_first) {
    streams.open(1, "eye", {});
    ask("eye");
    streams.picture(1, share(Buffer(as_bytes("a"))));
    streams.picture(1, share(Buffer(as_bytes("b"))));
    run_posted();
    EXPECT_EQ(asked.pictures, (std::vector<std::string>{"a"}));
}

TEST_F(JpegSnapshotTest, is_refused_where_no_picture_comes) {
    ask("eye");
    EXPECT_EQ(asked.refusals, (std::vector<int>{404}));
    streams.open(1, "eye", {});
    ask("eye");
    timers.advance(JpegSnapshot::kPatience);
    EXPECT_EQ(asked.refusals, (std::vector<int>{404, 503}));
    picture("too late");
    EXPECT_TRUE(asked.pictures.empty());
}

TEST_F(JpegSnapshotTest, is_refused_at_once_when_the_camera_goes) {
    streams.open(1, "eye", {});
    ask("eye");
    streams.close(1);
    run_posted();
    EXPECT_EQ(asked.refusals, (std::vector<int>{404}));
    EXPECT_EQ(timers.size(), 0U);
}

}  // namespace
}  // namespace st::capture
