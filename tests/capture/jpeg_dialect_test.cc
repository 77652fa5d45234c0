#include "capture/jpeg_dialect.h"

#include <gtest/gtest.h>

#include "camera/frame.h"
#include "capture/fakes.h"

namespace st::capture {
namespace {

const std::vector<std::uint8_t> kJpeg = {0xFF, 0xD8, 0xFF, 0xC0, 0,    11, 8,    0,   16,
                                         0,    16,   1,    1,    0x11, 0,  0xFF, 0xD9};

/// What CameraConnection would see.
class Seen final : public httpd::WebSocketHandler {
 public:
    void on_binary(Buffer message) override {
        const auto frame = camera::decode_frame(message.bytes());
        ASSERT_TRUE(frame);
        said.push_back("frame " + std::to_string(frame->seq));
    }
    void on_text(const std::string& text) override { said.push_back(text); }
    void on_over(std::uint16_t, const std::string&) override { said.emplace_back("over"); }
    void on_gone() override { said.emplace_back("gone"); }
    std::vector<std::string> take() { return std::exchange(said, {}); }
    std::vector<std::string> said;
};

class JpegDialectTest : public ::testing::Test {
 protected:
    JpegDialectTest() {
        auto made = std::make_unique<FakeSocket>();
        socket = made.get();
        dialect.set_socket(std::move(made));
        dialect.start({});
        EXPECT_EQ(seen.take().size(), 1U) << "ready, said for it";
    }
    void picture() { dialect.on_binary(Buffer(Bytes(kJpeg))); }
    using Texts = std::vector<std::string>;

    ManualTimers timers;
    Seen seen;
    int pictures = 0;
    Texts words;
    FakeSocket* socket = nullptr;
    JpegDialect dialect{seen,
                        timers,
                        {[this](const SharedBuffer&) { ++pictures; },
                         [this](const std::string& text) { words.push_back(text); }}};
};

const char* const kStarted = R"({"status":"capture_started"})";
const char* const kStopped = R"({"status":"capture_stopped"})";

TEST_F(JpegDialectTest, the_first_picture_after_a_start_begins_the_capture) {
    picture();
    EXPECT_EQ(seen.take(), Texts{"frame 0"}) << "it was not started by us";
    dialect.send_text(camera::encode_start({}));
    EXPECT_EQ(socket->texts, Texts{"start UXGA 12"});
    dialect.on_text("ACK: streaming");
    EXPECT_EQ(seen.take(), Texts{"ACK: streaming"});
    picture();
    picture();
    EXPECT_EQ(seen.take(), (Texts{kStarted, "frame 0", "frame 1"}));
    EXPECT_EQ(pictures, 3);
    dialect.on_binary(Buffer(as_bytes("no picture")));
    EXPECT_EQ(pictures, 3) << "viewers get pictures alone";
}

TEST_F(JpegDialectTest, a_stop_is_answered_by_the_next_acknowledgement) {
    dialect.send_text(camera::encode_start({}));
    picture();
    seen.take();
    dialect.send_text(camera::encode_stop());
    EXPECT_EQ(socket->texts.back(), "stop");
    picture();
    dialect.on_text("STATUS: stopping");
    dialect.on_text("ACK: stopped");
    EXPECT_EQ(seen.take(), (Texts{"frame 1", "STATUS: stopping", kStopped}));
    dialect.on_text("ACK: again");
    EXPECT_EQ(seen.take(), Texts{"ACK: again"});
    EXPECT_EQ(words.size(), 3U) << "consoles hear everything";
}

TEST_F(JpegDialectTest, an_error_in_place_of_pictures_refuses_the_start) {
    dialect.send_text(camera::encode_start({}));
    dialect.on_text("ERROR: camera init failed");
    EXPECT_EQ(seen.take(),
              Texts{camera::encode_status(camera::Status::error, "ERROR: camera init failed")});
}

TEST_F(JpegDialectTest, what_it_does_not_know_is_not_sent_to_it) {
    dialect.send_text(camera::encode_clock_request(1));
    dialect.send_text(camera::encode_warning("x"));
    EXPECT_TRUE(socket->texts.empty());
}

TEST(JpegStartWords, name_the_nearest_size) {
    const auto words = [](std::uint32_t width, std::uint32_t height) {
        camera::StartParameters asked;
        asked.resolution = {width, height};
        return jpeg_start_words(asked);
    };
    EXPECT_EQ(jpeg_start_words({}), "start UXGA 12");
    EXPECT_EQ(words(640, 480), "start VGA 12");
    EXPECT_EQ(words(1280, 720), "start HD 12");
    EXPECT_EQ(words(1, 1), "start QQVGA 12");
    EXPECT_EQ(words(60'000, 60'000), "start QXGA 12");
}

}  // namespace
}  // namespace st::capture
