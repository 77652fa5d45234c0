#include "capture/camera_payloads.h"

#include <gtest/gtest.h>

#include <vector>

namespace st::capture {
namespace {

using media::PayloadForm;

struct Fixture {
    explicit Fixture(bool is_jpeg) { link.is_jpeg = is_jpeg; }
    CameraLink link{1, "192.0.2.1:5", "/ingest/cam", 0};
    CameraPayloads payloads{link};
};

TEST(CameraPayloads, makes_annex_b_of_lengths_in_place) {
    Fixture camera(false);
    std::vector<std::uint8_t> payload = {0, 0, 0, 5, 0x65, 0x88, 0x84, 0x00, 0x33};
    const SeenPayload seen = camera.payloads.look_into(payload, 0);
    EXPECT_EQ(seen.form, PayloadForm::lengths);
    EXPECT_EQ(payload, (std::vector<std::uint8_t>{0, 0, 0, 1, 0x65, 0x88, 0x84, 0x00, 0x33}));
    EXPECT_TRUE(seen.peek.idr) << "looked into as it is now";
}

TEST(CameraPayloads, what_is_no_h264_is_not_understood) {
    Fixture camera(false);
    std::vector<std::uint8_t> payload = {'h', 'e', 'l', 'l', 'o'};
    EXPECT_FALSE(camera.payloads.look_into(payload, 0).is_understood());
}

TEST(CameraPayloads, a_jpeg_is_a_whole_picture_whose_size_is_noted) {
    Fixture camera(true);
    std::vector<std::uint8_t> jpeg = {0xFF, 0xD8,              // start of image
                                      0xFF, 0xC0, 0,   11, 8,  // start of frame, 8 bits
                                      0,    48,   0,   64, 1,  // 64x48, one component
                                      1,    0x11, 0,           //
                                      0xFF, 0xDA, 0,   8,  1,  // start of scan
                                      1,    0,    0,   63, 0,  //
                                      0,    0xFF, 0xD9};
    const SeenPayload seen = camera.payloads.look_into(jpeg, 0);
    EXPECT_TRUE(seen.is_understood());
    EXPECT_TRUE(seen.peek.starts_picture && seen.peek.idr);
    EXPECT_EQ(camera.link.width, 64U);
    EXPECT_EQ(camera.link.height, 48U);
    std::vector<std::uint8_t> other = {0, 0, 0, 1, 0x65};
    EXPECT_FALSE(camera.payloads.look_into(other, 0).is_understood());
}

}  // namespace
}  // namespace st::capture
